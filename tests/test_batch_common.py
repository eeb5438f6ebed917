"""`batch`: one set of threads for all photos, photos as they arrive, and what can go wrong in the middle."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from batch_runs import FLAGS, SMALL, Here, save

import embroider_prep as ep
from embroider_prep.batches import common, watch
from embroider_prep.batches.drive import drive
from embroider_prep.batches.job import BatchResult, Job
from embroider_prep.batches.plan import plan_batch, plan_nothing
from embroider_prep.batches.pools import Processes
from embroider_prep.errors import OptionsError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(3):
        save(tmp_path / "photos" / f"{number}.png", number)
    return tmp_path / "photos"


def here(photos: Path, output: Path, **more: Any) -> list[BatchResult]:
    return list(ep.batch([photos], output=output, executor=Here(), **{**SMALL, **more}))  # type: ignore[arg-type]


class TestCommon:
    def test_all_are_sewn_in_the_same_threads(self, photos: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        results = here(photos, out, common=4)
        codes = (out / "common.txt").read_text().split()
        assert 0 < len(codes) <= 4
        used = [{row["code"] for row in result.report["threads"]} for result in results]
        assert set.union(*used) <= set(codes)
        assert all(len(one) <= 3 for one in used)
        # The same threads as a list of spools give the same stitches.
        ep.convert(photos / "1.png", **SMALL, spools=str(out / "common.txt")).save(tmp_path / "1.pes", report=False)
        assert (out / "1.pes").read_bytes() == (tmp_path / "1.pes").read_bytes()

    def test_each_photo_says_what_it_loses(self, photos: Path, tmp_path: Path) -> None:
        here(photos, tmp_path / "few", common=2)
        here(photos, tmp_path / "many", common=9)
        loss = {}
        for name in ("few", "many"):
            text = (tmp_path / name / "common.csv").read_text("utf-8-sig")
            rows = list(csv.DictReader(io.StringIO(text)))
            assert [row["file"] for row in rows] == ["0.png", "1.png", "2.png"]
            loss[name] = sum(float(row["loss"]) for row in rows)
            summary = list(csv.DictReader(io.StringIO((tmp_path / name / "summary.csv").read_text("utf-8-sig"))))
            assert [float(row["common_loss"]) for row in summary] == pytest.approx(
                [float(row["loss"]) for row in rows], abs=0.051
            )
        assert loss["few"] > loss["many"] + 1

    def test_the_next_run_keeps_threads_and_designs(
        self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here(photos, tmp_path / "out", common=4)
        with monkeypatch.context() as patch:
            patch.setattr(common, "choose_common", lambda *_: pytest.fail("chosen again"))
            assert {result.status for result in here(photos, tmp_path / "out", common=4)} == {"kept"}
        save(photos / "3.png", 3)
        assert {result.photo: result.status for result in here(photos, tmp_path / "out", common=4)}["3.png"] == "made"

    def test_one_photo_gets_the_threads_it_has_alone(self, photos: Path, tmp_path: Path) -> None:
        job = plan_batch([photos / "1.png"], ep.ConvertOptions().with_values(SMALL), output=tmp_path).jobs[0]
        (one,) = common.survey(job)
        chosen = common.choose_common([one], 3, job.variants[0].options.quantize)
        alone = {thread.code for thread in ep.convert(photos / "1.png", **SMALL).indexed.threads}
        assert {thread.code for thread in chosen.threads} >= alone
        assert chosen.loss("1.png") == pytest.approx(0, abs=0.3)
        assert chosen.loss("else") is None


class TestWatch:
    def test_only_whole_files_each_once(self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watch, "LOOK_S", 0.0)
        planned = plan_nothing(ep.ConvertOptions(), output=photos / "out")
        looks = watch.arrivals(planned, [photos], output=photos / "out", pause=lambda _: None)

        def look() -> list[str]:
            return [job.shown for job in next(looks)]

        assert look() == ["0.png", "1.png", "2.png"]
        assert look() == []
        whole = save(tmp_path / "new.jpg", 5).read_bytes()
        (photos / "new.jpg").write_bytes(whole[: len(whole) // 2])
        assert look() == []
        (photos / "new.jpg").write_bytes(whole)
        assert look() == ["new.jpg"]
        save(photos / "1.png", 9)
        assert look() == ["1.png"]
        (photos / "half.jpg").write_bytes(whole[:-20])
        assert look() == []
        # It does not grow any more: what is wrong with it is said.
        monkeypatch.setattr(watch, "PATIENCE_S", 0.0)
        assert look() == ["half.jpg"]

    def test_a_file_that_grows_is_waited_for(self, photos: Path) -> None:
        planned = plan_nothing(ep.ConvertOptions(), output=photos / "out")
        looks = watch.arrivals(planned, [photos], output=photos / "out", pause=lambda _: None)
        # Written just now: it might still be copied.
        assert next(looks) == ()

    def test_what_cannot_be_watched(self, photos: Path) -> None:
        planned = plan_nothing(ep.ConvertOptions(), output=photos / "out")
        with pytest.raises(OptionsError, match="not a folder"):
            next(watch.arrivals(planned, [photos / "0.png"], output="out"))

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    def test_until_stopped(self, photos: Path, tmp_path: Path) -> None:
        command = ["-m", "embroider_prep", "batch", str(photos), "-o", str(tmp_path / "out"), *FLAGS]
        with subprocess.Popen(
            [sys.executable, *command, "--jobs", "1", "--watch", "--json"], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            seen = {json.loads(process.stdout.readline())["photo"] for _ in range(3)}
            save(photos / "late.png", 7)
            late = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            process.communicate()
        assert process.returncode == 0
        assert seen == {"0.png", "1.png", "2.png"}
        assert (late["photo"], late["status"]) == ("late.png", "made")
        assert "late.png" in (tmp_path / "out" / "summary.csv").read_text("utf-8-sig")


class TestInTheMiddle:
    def test_a_full_disk_stops_the_batch(self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        out = tmp_path / "out"
        results = ep.batch([photos], output=out, executor=Here(), **SMALL)  # type: ignore[arg-type]
        first = next(results)

        def fsync(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            found = []
            with pytest.raises(ep.OutputError, match="the disk is full"):
                found += list(results)
        assert first.status == "made"
        assert not list(out.rglob("*.part"))
        # With room again the same command goes on; nothing counts as failed.
        assert {result.status for result in here(photos, out)} <= {"made", "kept"}

    def test_a_photo_too_large_for_the_memory_is_tried_alone(
        self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried = []
        real = ep.convert

        def convert(source: Any, *rest: Any, **more: Any) -> Any:
            tried.append(Path(source.name).name)
            if tried[-1] == "1.png":
                raise MemoryError
            return real(source, *rest, **more)

        monkeypatch.setattr("embroider_prep.pipeline.convert", convert)
        found = {result.photo: result for result in here(photos, tmp_path / "out")}
        assert {name: result.status for name, result in found.items()} == {
            "0.png": "made", "1.png": "failed", "2.png": "made",
        }  # fmt: skip
        assert tried == ["0.png", "1.png", "2.png", "1.png"]
        assert "not enough memory" in found["1.png"].error

    def test_no_more_at_a_time_than_the_memory_holds(self, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        jobs = plan_batch([photos], ep.ConvertOptions()).jobs
        most = 0

        class Counted(Processes):
            def _submit(self, work: Any, job: Any) -> Any:
                nonlocal most
                most = max(most, len(self.running))
                future = Here().submit(lambda one: [BatchResult(photo=one.shown)], job)
                future.lane = None  # type: ignore[attr-defined]
                return future

        def needed(job: Job) -> int:
            return 900 if job.shown == "1.png" else 300

        monkeypatch.setattr("embroider_prep.batches.drive.available_bytes", lambda: 1000)
        monkeypatch.setattr("embroider_prep.batches.drive.needed_bytes", needed)
        assert [result.photo for result in drive(iter(jobs), Counted(8, threads=1, style="none"))] == [
            "0.png", "1.png", "2.png",
        ]  # fmt: skip
        # The large one is more than all there is: it has the computer for itself.
        assert most == 1

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
    def test_a_photo_that_may_not_be_read(self, photos: Path, tmp_path: Path) -> None:
        (photos / "1.png").chmod(0)
        found = {result.photo: result for result in here(photos, tmp_path / "out")}
        assert "permission" in found["1.png"].error
        assert [result.status for result in found.values()].count("made") == 2

    def test_a_bug_costs_one_photo(self, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: Any) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr("embroider_prep.batches.pairs.draw_pair", broken)
        (first, *_) = here(photos, tmp_path / "out")
        assert first.error == "a bug: RuntimeError: a bug"
        assert "Traceback" in first.hint
