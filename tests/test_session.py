"""A photo and its kept stages: what is changed runs anew, and the result is what `convert` makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage import data

import embroider_prep as ep

SMALL = {"width_mm": 30.0, "threads": 4, "max_regions": 60}


@pytest.fixture(scope="module")
def session() -> ep.Session:
    return ep.Session(data.coffee()[::3, ::3])


def same(one: ep.Conversion, two: ep.Conversion) -> bool:
    points = zip(one.plan.blocks, two.plan.blocks, strict=True)
    return one.plan.threads == two.plan.threads and all(np.array_equal(a.xy_mm, b.xy_mm) for a, b in points)


@pytest.mark.parametrize(
    ("changed", "ran"),
    [
        ({}, ("read", "draw", "threads", "sew")),
        ({}, ()),
        ({"machine": "brother-se600"}, ("draw", "threads", "sew")),
        ({"name": "Rose", "fail_on": "error", "preview_px_per_mm": 5.0}, ()),
        ({"row_spacing_mm": 0.5}, ("sew",)),
        ({"threads": 3}, ("threads", "sew")),
        ({"style": "recipe:illustration"}, ("draw", "threads", "sew")),
        ({"width_mm": 25.0}, ("draw", "threads", "sew")),
        ({"crop": (0.1, 0.1, 0.9, 0.9)}, ("read", "draw", "threads", "sew")),
        ({"look": "painting"}, ("read", "paint")),
    ],
)  # fmt: skip
def test_only_what_follows_runs_and_the_result_is_that_of_convert(
    session: ep.Session, changed: dict[str, Any], ran: tuple[str, ...]
) -> None:
    made = session.convert(**{**SMALL, **changed})
    assert session.ran == ran
    fresh = ep.convert(data.coffee()[::3, ::3], **{**SMALL, **changed})
    assert same(made, fresh)
    assert made.report.as_dict() == fresh.report.as_dict()


def test_a_progress_that_raises_ends_the_work_and_leaves_good_stages(session: ep.Session) -> None:
    class Stop(Exception):
        pass

    def stop(step: str, done: int, total: int) -> None:
        if step == "plan":
            raise Stop

    values = {**SMALL, "threads": 5}
    with pytest.raises(Stop):
        session.convert(**values, progress=stop)
    made = session.convert(**values)
    assert session.ran == ("sew",)
    assert same(made, ep.convert(data.coffee()[::3, ::3], **values))


def test_a_file_that_changes_under_its_name_is_read_again(tmp_path: Any) -> None:
    spools = tmp_path / "spools.txt"
    session = ep.Session(data.coffee()[::6, ::6])
    spools.write_text("0020\n0015\n1154\n")
    first = session.convert(**SMALL, spools=str(spools))
    spools.write_text("0020\n0015\n3902\n2155\n")
    second = session.convert(**SMALL, spools=str(spools))
    assert {thread.code for thread in first.plan.threads} != {thread.code for thread in second.plan.threads}


def test_candidates_come_one_by_one() -> None:
    found = ep.Session(data.coffee()[::4, ::4]).candidates(width_mm=20.0)
    assert next(found).title == "As it is"
