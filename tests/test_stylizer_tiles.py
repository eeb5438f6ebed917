"""Tiling: windows that respect stride, halo and border; tiled equals whole, bit for bit."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import chelsea
from tiny_onnx import save_tiny

from embroider_prep.options import StylizeOptions
from embroider_prep.stylizer.session import Session, open_session
from embroider_prep.stylizer.stylize import run_tiled, stylize
from embroider_prep.stylizer.tiles import batches, choose_tile, plan_tiles, read_batch, round_up, spans


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def session(tiny: Path) -> Session:
    return open_session(tiny, device="cpu")


def whole(session: Session, rgb8: np.ndarray) -> np.ndarray:
    """The picture in one run, extended to the stride by hand."""
    height, width = rgb8.shape[:2]
    bottom, right = -height % session.card.stride, -width % session.card.stride
    padded = np.pad(rgb8, ((0, bottom), (0, right), (0, 0)), mode="edge")
    return session.run(padded[None])[0][:height, :width]


@given(
    size=st.integers(1, 3000),
    tile=st.integers(1, 700),
    halo=st.integers(0, 90),
    stride=st.sampled_from([1, 2, 4, 8]),
)
def test_spans_cover_the_axis_once_with_real_pixels_around(size: int, tile: int, halo: int, stride: int) -> None:
    found = spans(size, tile=tile, halo=halo, stride=stride)
    end = round_up(size, stride)
    assert [span.core for span in found] == [0, *(span.core_end for span in found[:-1])]
    assert found[-1].core_end == end
    for span in found:
        assert span.core % stride == span.window % stride == span.window_end % stride == 0
        assert 0 < span.core_end - span.core <= round_up(tile, stride)
        assert span.window <= max(0, span.core - halo)
        assert span.window_end >= min(end, span.core_end + halo)
        assert 0 <= span.window < span.window_end <= end
    if halo:
        assert len({span.window_end - span.window for span in found}) == 1


def test_the_plain_grid_starts_at_multiples_of_the_tile() -> None:
    assert [(s.window, s.window_end) for s in spans(1200, tile=500, halo=0, stride=4)] == [
        (0, 500), (500, 1000), (1000, 1200),
    ]  # fmt: skip
    assert [s.core for s in spans(1200, tile=500, halo=0, stride=8)] == [0, 504, 1008]


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (37, 51), (131, 97), (160, 160)])
@pytest.mark.parametrize("tile", [8, 30, 64])
def test_tiled_equals_whole(session: Session, shape: tuple[int, int], tile: int) -> None:
    rgb8 = chelsea()[: shape[0], : shape[1]]
    options = StylizeOptions(tile_px=tile)
    assert np.array_equal(run_tiled(session, rgb8, options), whole(session, rgb8))


def test_batches_change_nothing(session: Session) -> None:
    rgb8 = chelsea()[:150, :201]
    options = StylizeOptions(tile_px=32, batch=5)
    assert np.array_equal(run_tiled(session, rgb8, options), whole(session, rgb8))


def test_a_halo_that_is_too_small_leaves_seams(session: Session) -> None:
    rgb8 = chelsea()[:120, :120]
    assert not np.array_equal(run_tiled(session, rgb8, StylizeOptions(tile_px=32, overlap_px=4)), whole(session, rgb8))


def test_overlap_0_is_the_plain_grid(session: Session) -> None:
    rgb8 = chelsea()[:100, :100]
    out = run_tiled(session, rgb8, StylizeOptions(tile_px=48, overlap_px=0))
    assert np.array_equal(out[48:96, 48:96], session.run(np.ascontiguousarray(rgb8[None, 48:96, 48:96]))[0])


def test_batches_hold_equal_windows() -> None:
    tiles = plan_tiles(1100, 1100, tile=500, halo=0, stride=4)
    found = list(batches(tiles, 3))
    assert sum(map(len, found)) == len(tiles) == 9
    assert all(len(batch) <= 3 and len({tile.shape for tile in batch}) == 1 for batch in found)
    assert read_batch(np.zeros((1100, 1100, 3), np.uint8), found[0]).shape == (3, 500, 500, 3)


def test_tile_follows_from_the_memory_of_the_network() -> None:
    assert choose_tile(600, 600, wanted=None, halo=64, stride=4, bytes_per_px=600) == 600
    assert choose_tile(4000, 6000, wanted=None, halo=64, stride=4, bytes_per_px=600) == 500
    assert choose_tile(4000, 6000, wanted=None, halo=64, stride=8, bytes_per_px=600) == 504
    assert choose_tile(4000, 6000, wanted=None, halo=16, stride=4, bytes_per_px=4000) == 248
    assert choose_tile(4000, 6000, wanted=700, halo=16, stride=8, bytes_per_px=4000) == 704


def test_progress_counts_tiles(tiny: Path) -> None:
    seen: list[tuple[int, int]] = []
    stylize(
        chelsea(), StylizeOptions(style=str(tiny), tile_px=160), progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(i, 6) for i in range(1, 7)]
