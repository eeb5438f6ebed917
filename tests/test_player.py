"""The player: what it is given, that it is one page that asks nobody, and how it plays in a real browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsers import chromium
from cli_runs import Runner
from sample_plans import THREADS, bouquet, plan_of, rows, square

import embroider_prep as ep
from embroider_prep.errors import OptionsError
from embroider_prep.options import PreviewOptions
from embroider_prep.plans import Came, needle_path
from embroider_prep.preview.player import (
    PLAYER_TEXTS,
    make_player,
    player_data,
    player_script,
    player_style,
    save_player,
)


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    return Runner(capfdbinary)


def points_of(data: dict) -> np.ndarray:
    steps = np.frombuffer(base64.b64decode(data["xy"]), "<i2").reshape(-1, 2).astype(np.int64)
    return np.cumsum(steps, axis=0)


def test_data_holds_every_needle_point() -> None:
    plan = bouquet()
    data, path = player_data(plan, title="Rose"), needle_path(plan)
    json.dumps(data, allow_nan=False)
    assert (points_of(data) == path.xy).all()
    came = np.zeros(data["count"], np.uint8)
    came[data["breaks"][::2]] = data["breaks"][1::2]
    assert (came == path.came).all()
    assert [block["thread"] for block in data["blocks"]] == list(path.color_threads)
    assert data["blocks"][0]["first"] == 0
    assert all(came[block["first"]] in (Came.COLOR, Came.START) for block in data["blocks"])
    assert data["bounds"] == [round(edge * 10) for edge in plan.bounds_mm]


def test_needles_are_numbered_as_threads_come() -> None:
    data = player_data(plan_of([(3, rows(5, 5)), (1, rows(5, 5)), (3, rows(4, 4))]))
    used = [data["threads"][block["thread"]] for block in data["blocks"]]
    assert [thread["needle"] for thread in used] == [1, 2, 1]
    assert used[0] == {"color": THREADS[3].hex, "title": str(THREADS[3]), "needle": 1}


def test_an_empty_design_and_a_single_point_play() -> None:
    empty = replace(square(), blocks=())
    assert player_data(empty)["count"] == 0
    assert "ep-data" in make_player(empty)


def test_cloth_is_that_of_the_preview() -> None:
    assert player_data(square(), options=PreviewOptions(fabric_color="navy"))["fabric"] == "#1b2a4a"


def test_ways_longer_than_any_machine_are_refused() -> None:
    far = plan_of([(0, rows(5, 5)), (0, rows(5, 5, center=(4000, 0)))])
    with pytest.raises(OptionsError, match="3277"):
        player_data(far)


def parts_of(page: str) -> tuple[str, str, str]:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    script = re.search(r'<script type="module">(.*?)</script>', page, re.DOTALL)
    assert policy
    assert style
    assert script
    return policy.group(1), style.group(1), script.group(1)


def test_the_policy_lets_in_this_script_and_nothing_else() -> None:
    policy, style, script = parts_of(make_player(bouquet()))
    for text, kind in ((script, "script-src"), (style, "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_the_script_names_no_place_in_the_net_and_writes_no_html() -> None:
    script = player_script()
    assert set(re.findall(r"https?://[^\"'`\s]+", script + player_style())) == {"http://www.w3.org/2000/svg"}
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
        "XMLHttp",
        "import",
    ):
        assert word not in script.replace("// ", "")


def test_every_text_that_the_script_says_is_in_the_table() -> None:
    script = player_script()
    used = set(re.findall(r"\btexts\.(\w+)|say\(\"(\w+)\"", script))
    names = {a or b for a, b in used}
    assert len(names) > 20
    assert names <= set(PLAYER_TEXTS)


def test_names_from_outside_stay_text() -> None:
    thread = replace(THREADS[0], name="</script><img src=x onerror=alert(1)>", brand="<!--<script>")
    page = make_player(replace(square(), threads=(thread, *THREADS[1:])), title="</title><script>alert(2)</script>")
    assert page.count("</script") == 2
    assert page.count("<script") == 2
    assert "<img" not in page
    assert "</title><script" not in page


def test_same_plan_same_bytes(tmp_path: Path) -> None:
    save_player(bouquet(), tmp_path / "a.html")
    save_player(
        bouquet(), tmp_path / "b" / ".." / "a.HTML" if (tmp_path / "b").is_dir() else tmp_path / "c.HTML", title="a"
    )
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "c.HTML").read_bytes()
    with pytest.raises(OptionsError, match=r"a \.html file"):
        save_player(bouquet(), tmp_path / "a.png")


def test_a_hundred_thousand_stitches_are_packed() -> None:
    plan = plan_of([(k % 6, rows(60, 60, center=(k, 0), step=1.2)) for k in range(13)])
    assert plan.stitch_count > 90_000
    assert len(make_player(plan)) < 7 * plan.stitch_count + 60_000


def test_preview_writes_a_player(cli: Runner, tmp_path: Path) -> None:
    ep.write(bouquet(), tmp_path / "rose.pes")
    ran = cli("preview", tmp_path / "rose.pes", "-o", tmp_path / "play.html", "--fabric-color", "navy")
    assert ran.code == 0
    assert "open it in a browser" in ran.err
    page = (tmp_path / "play.html").read_text(encoding="utf-8")
    assert "<title>rose</title>" in page
    assert '"fabric":"#1b2a4a"' in page


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory):
    target = tmp_path_factory.mktemp("player") / "rose.html"
    plan = plan_of([(0, rows(30, 30)), (1, rows(10, 10, center=(30, 0))), (0, rows(6, 6, center=(0, 40)))])
    save_player(plan, target)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 700})
        page.said, page.asked = [], []
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(target.as_uri())
        page.wait_for_selector(".ep-player")
        page.plan = plan
        yield page


PLAYER = "document.querySelector('[data-ep-player]').epPlayer"


def wait(page, condition: str) -> None:
    """Wait as the page's own frames pass: its policy forbids what Playwright's waiting does."""
    page.evaluate(f"async () => {{ while (!({condition})) await new Promise(requestAnimationFrame); }}")


def settle(page) -> None:
    """Wait until what shall be drawn is drawn."""
    wait(page, f"{PLAYER}.painter.drawn === {PLAYER}.index && {PLAYER}.frame === null")


def pixels(page) -> int:
    """How many pixels of the design are not cloth."""
    settle(page)
    return page.evaluate(f"{PLAYER}.painter.pixels.reduce((n, p) => n + (p !== 0xffe4edf1 ? 1 : 0), 0)")


def fact(page, name: str) -> str:
    settle(page)
    return page.text_content(f".ep-{name}")


def test_in_a_browser_it_draws_steps_and_plays(page) -> None:
    count = page.plan.stitch_count
    assert fact(page, "stitch") == f"Stitch {count:,} of {count:,}"
    whole = pixels(page)
    assert whole > 20_000
    page.click("[aria-label='To the colour before']")
    first_two = page.evaluate(f"{PLAYER}.design.blocks[2].first")
    assert fact(page, "stitch").startswith(f"Stitch {first_two:,} of")
    assert "Colour 2 of 3 · needle 2 · Brother 405 Blue" in fact(page, "color")
    assert pixels(page) < whole
    page.click("[aria-label='One stitch on']")
    assert "colour change" in fact(page, "place")
    assert "Colour 3 of 3 · needle 1" in fact(page, "color")
    page.keyboard.press("Home")
    assert fact(page, "stitch").startswith("Stitch 0 of")
    assert pixels(page) == 0
    page.click("[aria-label='Play']")
    wait(page, f"{PLAYER}.index > 5 && {PLAYER}.playing")
    page.keyboard.press("]")
    page.click("[aria-label='Pause']")
    assert not page.evaluate(f"{PLAYER}.playing")
    page.focus(".ep-stage")
    before = page.evaluate(f"{PLAYER}.index")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate(f"{PLAYER}.index") == before + 11
    page.keyboard.press("End")
    assert pixels(page) == whole


def test_in_a_browser_colours_go_off_and_on(page) -> None:
    page.keyboard.press("End")
    whole = pixels(page)
    page.uncheck("[aria-label^='Show colour 1,']")
    less = pixels(page)
    assert 0 < less < whole / 2
    page.click("text=None")
    assert pixels(page) == 0
    page.click("text=All")
    assert pixels(page) == whole


def test_in_a_browser_zoom_shows_more_and_back(page) -> None:
    whole = pixels(page)
    page.click("[aria-label='Closer']")
    assert pixels(page) > whole
    page.mouse.move(400, 250)
    page.mouse.wheel(0, 400)
    page.click("[aria-label='Whole design']")
    assert pixels(page) == whole


def test_in_a_browser_nothing_is_asked_and_nothing_complains(page) -> None:
    settle(page)
    assert page.said == []
    assert [url for url in page.asked if not url.startswith("file:")] == []
    # The policy holds: a script that somebody puts into the page does not run.
    assert page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.broken = 1'; "
        " document.body.append(s); return window.broken === undefined; }"
    )
    page.said.clear()


def test_in_a_browser_steps_stay_within_a_frame(page) -> None:
    """Drawing on: the work of one frame while 3,200 stitches a second are played, by the browser's own clock."""
    worst = page.evaluate(
        f"() => {{ const p = {PLAYER}.painter; p.forget(); let t = performance.now(), n = 0;"
        " while (p.drawn < p.design.count) { p.advance(Math.min(p.design.count, p.drawn + 54), 1000); n++; }"
        " return (performance.now() - t) / n; }"
    )
    assert worst < 16
