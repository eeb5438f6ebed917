from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_plans import BLUE, RED, THREADS, bouquet, noise, plan_of, rows, square

from embroider_prep.color import delta_e, lab_from_rgb8
from embroider_prep.design import FABRIC, Finding, IndexedImage, StitchBlock, StitchPlan, Thread
from embroider_prep.errors import OptionsError
from embroider_prep.hooping import split_hoops
from embroider_prep.machines import find_hoop
from embroider_prep.options import PreviewOptions
from embroider_prep.preview import MARGIN_MM, picture_of_threads, placement, render, strip
from embroider_prep.preview import render as render_function
from embroider_prep.preview.shading import color_table


def middle(picture: np.ndarray, share: float = 0.5) -> np.ndarray:
    rows_, columns = picture.shape[:2]
    a, b = round(rows_ * (1 - share) / 2), round(columns * (1 - share) / 2)
    return picture[a : rows_ - a, b : columns - b]


@pytest.mark.parametrize("scale", [1, 2.5, 4, 10, 12.5, 17.3, 40])
def test_size_follows_the_scale(scale: float) -> None:
    picture = render(square(20), PreviewOptions(preview_px_per_mm=scale))
    side = round((20 + 2 * MARGIN_MM) * scale)
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8
    # The fill is red wherever it is, the cloth is not.
    assert (middle(picture)[..., 0].astype(int) - middle(picture)[..., 2] > 60).mean() > 0.95
    assert abs(int(picture[0, 0, 0]) - int(picture[0, 0, 2])) < 25


@pytest.mark.parametrize("scale", [3.0, 10.0, 21.0])
def test_tiles_leave_no_seam(scale: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large and small tiles give one picture, but for rims of threads that OpenCV clips at a tile's edge."""
    import sys

    room = sys.modules["embroider_prep.preview.render"]
    options = PreviewOptions(preview_px_per_mm=scale)
    plan = bouquet()
    pictures = []
    for tile in (64, 256, 8192):
        monkeypatch.setattr(room, "TILE_PX", tile)
        pictures.append(render(plan, options).astype(int))
    for other in pictures[1:]:
        off = np.abs(other - pictures[0]).max(axis=2)
        assert (off > 1).mean() < 0.002
        # Nowhere in a row or column of pixels, as a seam would be.
        assert (off > 1).mean(axis=0).max() < 0.05
        assert (off > 1).mean(axis=1).max() < 0.05


@pytest.mark.parametrize("thread", THREADS, ids=lambda t: t.name)
def test_the_mean_over_all_directions_is_the_thread(thread) -> None:
    table = color_table(np.array([thread.rgb8], np.float32), 0.5, twist=True)[1:].view(np.uint8).reshape(-1, 4)
    mean = table[:, :3].mean(axis=0)
    assert delta_e(lab_from_rgb8(mean.round().astype(np.uint8)), lab_from_rgb8(np.array(thread.rgb8, np.uint8))) < 7


def test_a_fill_shows_its_thread() -> None:
    for thread in (RED, BLUE):
        picture = render(plan_of([(0, rows(20, 20, angle_deg=30))], threads=(thread,)))
        seen = middle(picture).reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
        assert delta_e(lab_from_rgb8(seen), lab_from_rgb8(np.array(thread.rgb8, np.uint8))) < 10


def test_sheen_depends_on_the_direction() -> None:
    def light(angle: float, sheen: float) -> float:
        plan = plan_of([(0, rows(20, 20, angle_deg=angle))], threads=(BLUE,))
        return float(middle(render(plan, PreviewOptions(sheen=sheen))).mean())

    # Light comes from the upper left: across threads that rise to the right, along those that fall.
    assert light(45, 0.8) - light(-45, 0.8) > 1.3 * (light(45, 0.0) - light(-45, 0.0))
    assert light(45, 0.8) > light(-45, 0.8) + 10


def test_later_stitches_lie_on_top() -> None:
    plan = plan_of([(0, rows(20, 20)), (1, rows(10, 10))], threads=(RED, BLUE))
    seen = middle(render(plan), 0.2)
    assert (seen[..., 2] > seen[..., 0]).mean() > 0.97


def test_shadow_falls_to_the_lower_right() -> None:
    picture = render(square(20), PreviewOptions(preview_px_per_mm=20)).astype(int).sum(axis=2)
    side, edge = len(picture), round(MARGIN_MM * 20)
    assert picture[side // 2, side - edge + 8] < picture[side // 2, edge - 12] - 20


def test_uncut_jumps_are_threads_and_trims_are_not() -> None:
    far = [(0, rows(4, 4)), (0, rows(4, 4, center=(20, 0)))]
    cut, uncut = (render(plan_of(far, threads=(BLUE,), trim_above_mm=limit)) for limit in (1.0, 50.0))
    cloth = render(plan_of(far[:1], threads=(BLUE,)))[2, 2].astype(int)
    column = slice(110, 190)
    assert np.abs(cut[:, column].astype(int) - cloth).max() < 40
    assert np.abs(uncut[:, column].astype(int) - cloth).max() > 80


def test_a_single_point_is_a_dot() -> None:
    plan = StitchPlan(threads=(BLUE,), blocks=(StitchBlock(thread=0, kind="running", xy_mm=np.array([[1.0, 2.0]])),))
    picture = render(plan)
    blue = picture[..., 2].astype(int) - picture[..., 0] > 60
    assert 4 <= blue.sum() <= 40


def test_empty_plan_is_cloth() -> None:
    picture = render(StitchPlan(threads=(), blocks=()), PreviewOptions(fabric_color="#204080"))
    assert picture.shape == (60, 60, 3)
    assert np.abs(picture.mean(axis=(0, 1)) - (0x20, 0x40, 0x80)).max() < 8


def test_too_many_pixels_are_refused() -> None:
    with pytest.raises(OptionsError, match="megapixels; allowed are 100") as error:
        render(plan_of([(0, rows(320, 320, spacing=10))]), PreviewOptions(preview_px_per_mm=99))
    assert "or less" in error.value.hint
    scale = float(error.value.hint.split()[1])
    assert (326 * scale) ** 2 <= 100e6


def test_marks_show_findings_jumps_and_trims() -> None:
    plan = noise(3)
    plain = render(plan)
    finding = Finding(code="density", severity="error", message="x", at_mm=(0.0, 0.0), remedy="y")
    marked = render(plan, PreviewOptions(marks=True), [finding, replace(finding, at_mm=None)])
    assert marked.shape == plain.shape
    changed = (marked != plain).any(axis=2)
    assert 0.002 < changed.mean() < 0.5
    # The ring in its colour, where the finding is.
    left, top, _, _ = plan.bounds_mm
    x, y = round((-left + MARGIN_MM) * 10), round((-top + MARGIN_MM) * 10)
    around = marked[y - 20 : y + 20, x - 20 : x + 20].reshape(-1, 3)
    assert (around == (214, 40, 40)).all(axis=1).any()
    # Without marks nothing is drawn.
    np.testing.assert_array_equal(render_function(plan, PreviewOptions(), [finding]), plain)


def test_finding_at_the_rim_stays_in_the_picture() -> None:
    plan = square(8)
    for place in ((-4.0, -4.0), (4.0, 4.0), (100.0, 100.0), (-500.0, 0.0)):
        finding = Finding(code="too-large-for-this", severity="warning", message="x", at_mm=place)
        for scale in (1.0, 3.0, 10.0):
            render(plan, PreviewOptions(marks=True, preview_px_per_mm=scale), [finding])


def test_strip() -> None:
    photo = np.full((200, 300, 3), 90, np.uint8)
    indexed = IndexedImage(labels=np.array([[0, 1], [FABRIC, 0]], np.uint8), threads=THREADS[:2], px_per_mm=6)
    stitches = render(square(30))
    picture = strip(photo, photo[:100], indexed, stitches, height_px=120, stitches_px_per_mm=10)
    # Widths at one height: 180, 360, 120, 120, and five gaps.
    assert picture.shape[1] == pytest.approx(180 + 360 + 120 + 120 + 5 * 12, abs=3)
    assert (picture[0] == 255).all()
    # Its last picture has no margin of cloth: red to the rim.
    assert picture[12 + 60, -12 - 8, 0] > 150 > picture[12 + 60, -12 - 8, 2]
    # Text below.
    assert (picture[-20:].min(axis=2) < 120).any()
    assert strip(photo, height_px=64).shape[1] == 96 + 24
    assert strip().shape == (32, 32, 3)


def test_picture_of_threads() -> None:
    indexed = IndexedImage(labels=np.array([[0, 1, FABRIC]], np.uint8), threads=THREADS[:2], px_per_mm=6)
    seen = picture_of_threads(indexed, (9, 8, 7))
    assert [tuple(pixel) for pixel in seen[0].tolist()] == [RED.rgb8, BLUE.rgb8, (9, 8, 7)]


def test_placement_shows_one_share() -> None:
    plan = plan_of([(1, rows(180, 80))], threads=(RED, BLUE))
    parts = split_hoops(plan, find_hoop("100x100"))
    first, second = (placement(plan, parts, index) for index in (0, 1))
    assert first.shape == second.shape

    def blue(picture: np.ndarray) -> float:
        strong = picture[..., 2].astype(int) - picture[..., 0] > 100
        return float(np.argwhere(strong)[:, 1].mean())

    assert blue(first) < first.shape[1] * 0.4 < first.shape[1] * 0.6 < blue(second)
    assert (first == (214, 40, 40)).all(axis=2).sum() > 50


def test_tiles_meet_and_take_other_threads() -> None:
    from embroider_prep.preview.render import TILE_PX, Tiles

    plan = bouquet()
    other = plan.with_thread(0, Thread(brand="a", chart="a", code="1", name="", rgb8=(250, 250, 0)))
    options = PreviewOptions(preview_px_per_mm=10)
    tiles = Tiles(plan, options)
    first = [tiles.tile(column, 0) for column in (-1, 0)]
    assert first[0].shape == (TILE_PX, TILE_PX, 3)
    again = tiles.recolored(other)
    for column in (-1, 0):
        assert np.array_equal(again.tile(column, 0), Tiles(other, options).tile(column, 0))
        assert np.array_equal(tiles.tile(column, 0), first[column + 1])
    assert any(not np.array_equal(again.tile(column, 0), first[column + 1]) for column in (-1, 0))
    bare = Tiles(plan, options, colors=0).tile(0, 0)
    assert np.ptp(bare.astype(int), axis=2).max() < 20
