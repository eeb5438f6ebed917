"""`batch`: which photos, the same bytes as `convert`, what is done is not done again, failures cost one photo."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_runs import FLAGS, SMALL, Here, content, save
from cli_runs import Runner, names

import embroider_prep as ep
from embroider_prep.batches.drive import drive
from embroider_prep.batches.job import BatchResult, Job, run
from embroider_prep.batches.plan import plan_batch
from embroider_prep.batches.pools import Processes
from embroider_prep.batches.sources import find_photos
from embroider_prep.batches.storage import Folder
from embroider_prep.errors import InputError, OptionsError, OutputError


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes]) -> Runner:
    return Runner(capfdbinary)


def here(*sources: Any, **more: Any) -> list[BatchResult]:
    return list(ep.batch(sources, **{**SMALL, **more}, executor=Here()))  # type: ignore[arg-type]


def status(results: list[BatchResult]) -> dict[str, str]:
    return {result.photo: result.status for result in results}


class TestSources:
    def touch(self, folder: Path, *files: str) -> None:
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"x")

    def test_all_suffixes_in_capitals_too_and_nothing_else(self, tmp_path: Path) -> None:
        self.touch(tmp_path, "a.jpg", "b.JPEG", "c.PNG", "d.webp", "e.Tif", "f.heic", "g.txt", "h.pes", "._a.jpg")
        assert [item.shown for item in find_photos([tmp_path])] == [
            "a.jpg", "b.JPEG", "c.PNG", "d.webp", "e.Tif", "f.heic",
        ]  # fmt: skip

    def test_folders_are_mirrored(self, tmp_path: Path) -> None:
        self.touch(tmp_path, "a.jpg", "x/b.jpg", "x/y/c.jpg", ".hidden/d.jpg")
        assert [item.stem for item in find_photos([tmp_path])] == ["a", "x/b", "x/y/c"]
        assert [item.stem for item in find_photos([str(tmp_path / "**" / "*.jpg")])] == ["a", "x/b", "x/y/c"]
        assert [item.stem for item in find_photos([tmp_path / "x", tmp_path / "a.jpg"])] == ["a", "x/b", "x/y/c"]

    @pytest.mark.parametrize(
        ("files", "stems"),
        [
            (["cat.jpg", "cat.png"], ["cat.jpg", "cat.png"]),
            (["cat.jpg", "cat.png", "cat.jpg.png"], ["cat.jpg", "cat.jpg-2", "cat.png"]),
            (["Cat.jpg", "cat.jpeg"], ["Cat.jpg", "cat.jpeg"]),
            (["x/cat.jpg", "x/cat.png", "y/cat.png"], ["x/cat.jpg", "x/cat.png", "y/cat"]),
        ],
    )
    def test_names_are_kept_apart(self, tmp_path: Path, files: list[str], stems: list[str]) -> None:
        self.touch(tmp_path, *files)
        found = [item.stem for item in find_photos([tmp_path])]
        assert len({stem.casefold() for stem in found}) == len(files)
        assert sorted(found) == stems

    def test_files_of_one_name_from_two_folders(self, tmp_path: Path) -> None:
        self.touch(tmp_path, "x/cat.jpg", "y/cat.jpg")
        items = find_photos([tmp_path / "x/cat.jpg", tmp_path / "y/cat.jpg"])
        assert [item.stem for item in items] == ["x/cat", "y/cat"]
        assert len({item.shown for item in items}) == 2

    def test_results_are_no_photos(self, tmp_path: Path) -> None:
        self.touch(tmp_path, "a.jpg", "a.preview.png", "a.report.json", "out/b.jpg", "b.preview.png")
        # A picture that only happens to be called so has no report beside it.
        assert [item.shown for item in find_photos([tmp_path], output=tmp_path / "out")] == ["a.jpg", "b.preview.png"]
        pattern = str(tmp_path / "**" / "*.jpg")
        assert [item.shown for item in find_photos([pattern], output=tmp_path / "out")] == ["a.jpg"]

    def test_a_loop_of_links_ends(self, tmp_path: Path) -> None:
        self.touch(tmp_path, "x/a.jpg")
        (tmp_path / "x" / "back").symlink_to(tmp_path, target_is_directory=True)
        assert [item.shown for item in find_photos([tmp_path])] == ["x/a.jpg"]

    @pytest.mark.parametrize("sources", [[], ["."], ["*.jpg"]])
    def test_nothing_there_is_said(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: list[str]) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match="no photo"):
            find_photos(sources)

    def test_a_hundred_thousand_names(self) -> None:
        items = find_photos([f"photos/{number % 50_000}.jpg" for number in range(100_000)])
        assert len(items) == 50_000


class TestTheSameAsConvert:
    def test_every_file_byte_for_byte(self, tmp_path: Path, cli: Runner) -> None:
        photo = save(tmp_path / "photos" / "discs.png", 1)
        assert cli("convert", photo, "-o", tmp_path / "discs.pes", *FLAGS, "--sheet").code == 0
        assert cli("convert", photo, "-o", tmp_path / "discs.dst", *FLAGS, "--no-report", "--no-preview").code == 0
        made = here(photo, output=tmp_path / "out", formats=("pes", "dst"), sheet=True)
        assert status(made) == {"discs.png": "made"}
        out = content(tmp_path / "out", lists=False)
        assert set(out) == {
            "discs.pes", "discs.dst", "discs.edr", "discs.preview.png", "discs.report.json", "discs.sheet.html",
        }  # fmt: skip
        for name in ("discs.pes", "discs.dst", "discs.edr", "discs.preview.png"):
            assert out[name] == (tmp_path / name).read_bytes(), name

    def test_the_report_too_and_convert_counts_as_done(self, tmp_path: Path) -> None:
        photo = save(tmp_path / "discs.png", 1)
        (tmp_path / "one").mkdir()
        ep.convert(photo, **SMALL).save(tmp_path / "one" / "discs.pes")
        here(photo, output=tmp_path / "two")
        assert content(tmp_path / "one") == content(tmp_path / "two", lists=False)
        assert status(here(photo, output=tmp_path / "one")) == {"discs.png": "kept"}

    def test_several_hoops(self, tmp_path: Path) -> None:
        photo = save(tmp_path / "discs.png", 1)
        made = here(photo, output=tmp_path / "out", hoops=("100x100", "130x180"), preview=False)
        assert [Path(result.files[0]).name for result in made] == ["discs-100x100.pes", "discs-130x180.pes"]
        (tmp_path / "one").mkdir()
        ep.convert(photo, **SMALL, hoop="130x180").save(tmp_path / "one" / "discs-130x180.pes", preview=False)
        for name in ("discs-130x180.pes", "discs-130x180.report.json"):
            assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()

    def test_without_an_output_the_files_come_back(self, tmp_path: Path) -> None:
        data = save(tmp_path / "discs.png", 1).read_bytes()
        (result,) = here(data)
        assert set(result.content) == {"photo-1.pes", "photo-1.preview.png", "photo-1.report.json"}
        ep.convert(data, **SMALL).save(tmp_path / "photo-1.pes", preview=False, report=False)
        assert result.content["photo-1.pes"] == (tmp_path / "photo-1.pes").read_bytes()


class TestAgain:
    @pytest.fixture
    def photos(self, tmp_path: Path) -> Path:
        save(tmp_path / "photos" / "a.png", 1)
        (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
        return tmp_path / "photos"

    def test_what_is_done_is_not_done_again(self, tmp_path: Path, photos: Path) -> None:
        out = tmp_path / "out"
        assert status(here(photos, output=out)) == {"a.png": "made", "broken.jpg": "failed"}
        before = content(out)
        again = here(photos, output=out)
        assert status(again) == {"a.png": "kept", "broken.jpg": "failed"}
        assert [result.earlier for result in again if result.status == "failed"] == [True]
        assert content(out) == before
        save(photos / "b.png", 2)
        assert status(here(photos, output=out))["b.png"] == "made"
        assert status(here(photos, output=out, again="all")) == {
            "a.png": "made", "b.png": "made", "broken.jpg": "failed",
        }  # fmt: skip

    def test_a_failure_is_tried_again_when_asked_or_when_it_is_another_photo(
        self, tmp_path: Path, photos: Path
    ) -> None:
        here(photos, output=tmp_path / "out")
        (failed,) = (r for r in here(photos, output=tmp_path / "out", again="failed") if r.status == "failed")
        assert not failed.earlier
        save(photos / "broken.jpg", 3)
        assert status(here(photos, output=tmp_path / "out"))["broken.jpg"] == "made"
        assert not (tmp_path / "out" / ".embroider-prep-batch" / "failed.jsonl").exists()

    @pytest.mark.parametrize("change", ["photo", "options", "missing", "format"])
    def test_whatever_changes_is_made_anew(self, tmp_path: Path, change: str) -> None:
        photo, out = save(tmp_path / "a.png", 1), tmp_path / "out"
        here(photo, output=out)
        more: dict[str, Any] = {}
        if change == "photo":
            save(photo, 2)
        elif change == "options":
            more["row_spacing_mm"] = 0.5
        elif change == "missing":
            (out / "a.preview.png").unlink()
        else:
            more["formats"] = ("pes", "dst")
        assert status(here(photo, output=out, **more)) == {"a.png": "made"}
        assert status(here(photo, output=out, **more)) == {"a.png": "kept"}

    def test_what_somebody_has_changed_stays(self, tmp_path: Path) -> None:
        photo, out = save(tmp_path / "a.png", 1), tmp_path / "out"
        here(photo, output=out)
        (out / "a.pes").write_bytes(b"edited")
        assert status(here(photo, output=out)) == {"a.png": "kept"}
        (result,) = here(photo, output=out, again="all")
        assert (result.status, (out / "a.pes").read_bytes()) == ("failed", b"edited")

    def test_files_of_somebody_else_stay(self, tmp_path: Path) -> None:
        photo, out = save(tmp_path / "a.png", 1), tmp_path / "out"
        out.mkdir()
        (out / "a.pes").write_bytes(b"mine")
        (result,) = here(photo, output=out)
        assert (result.status, (out / "a.pes").read_bytes()) == ("failed", b"mine")
        assert "not written here" in result.error
        assert status(here(photo, output=out, force=True, again="failed")) == {"a.png": "made"}


@pytest.fixture
def jobs(tmp_path: Path) -> tuple[Job, ...]:
    for number in range(3):
        save(tmp_path / f"{number}.png", number)
    return plan_batch([tmp_path], ep.ConvertOptions().with_values(SMALL), output=tmp_path / "out").jobs


class TestWorkers:
    """Processes of our own; a lost one costs the photo in its hands, which is tried once more."""

    def test_a_killed_worker_costs_one_photo_which_is_tried_once_more(self, jobs: tuple[Job, ...]) -> None:
        pool = Processes(2, threads=1, style="none")
        try:
            found = {result.photo: result for result in drive(iter(jobs), pool, _dies_once)}
            again = {result.photo: result for result in drive(iter(jobs), pool, _dies_always)}
        finally:
            pool.close()
        assert {name: result.status for name, result in found.items()} == {f"{n}.png": "made" for n in range(3)}
        assert again["1.png"].status == "failed"
        assert "worker process was lost" in again["1.png"].error
        assert again["1.png"].digest
        assert {again[f"{n}.png"].status for n in (0, 2)} == {"kept"}

    def test_a_script_without_a_guard_is_not_run_again(self, tmp_path: Path) -> None:
        photo = save(tmp_path / "a.png", 1)
        script = tmp_path / "script.py"
        script.write_text(
            "import embroider_prep as ep\nprint('once')\n"
            f"for result in ep.batch([{str(photo)!r}], output={str(tmp_path / 'out')!r}, width_mm=20, threads=3):\n"
            "    print(result.status)\n"
        )
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["once", "made"]


def _dies_once(job: Job) -> list[BatchResult]:
    assert isinstance(job.place, Folder)
    mark = job.place.local("died")
    if job.shown == "1.png" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run(job)


def _dies_always(job: Job) -> list[BatchResult]:
    if job.shown == "1.png":
        os.kill(os.getpid(), signal.SIGKILL)
    return run(job)


class TestCommand:
    def test_a_line_of_json_for_each_photo_and_exit_code_1(self, tmp_path: Path, cli: Runner) -> None:
        save(tmp_path / "photos" / "a.png", 1)
        (tmp_path / "photos" / "b.jpg").write_bytes(b"no picture")
        for expected in ("made", "kept"):
            ran = cli("batch", tmp_path / "photos", "-o", tmp_path / "out", *FLAGS, "--json", "--jobs", "1")
            assert ran.code == 1
            rows = {row["photo"]: row for row in map(json.loads, ran.text.splitlines())}
            assert (rows["a.png"]["status"], rows["b.jpg"]["status"]) == (expected, "failed")
            assert rows["a.png"]["plan"]["stitches"] > 100
            assert "b.jpg: not a picture" in ran.err
        table = list(csv.DictReader(io.StringIO((tmp_path / "out" / "summary.csv").read_text("utf-8-sig"))))
        assert [(row["file"], row["status"]) for row in table] == [("a.png", "done"), ("b.jpg", "failed")]
        assert names(tmp_path / "out") == [
            ".embroider-prep-batch", "a.pes", "a.preview.png", "a.report.json", "contact.html", "contact.pdf",
            "schedule.csv", "summary.csv", "threads.csv",
        ]  # fmt: skip

    def test_dry_run_writes_nothing(self, tmp_path: Path, cli: Runner) -> None:
        save(tmp_path / "a.png", 1)
        ran = cli("batch", tmp_path / "a.png", "-o", tmp_path / "out", "--dry-run", "--format", "pes,dst")
        assert (ran.code, ran.text) == (0, "a.png -> a.pes, a.dst\n")
        assert "1 photo: about" in ran.err
        assert not (tmp_path / "out").exists()

    def test_a_list_on_standard_input(self, tmp_path: Path, cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        text = io.TextIOWrapper(io.BytesIO(f"{save(tmp_path / 'a b.png', 1)}\n\n".encode()))
        monkeypatch.setattr(sys, "stdin", text)
        assert cli("batch", "-", "-o", tmp_path / "out", "--dry-run").text == "a b.png -> a b.pes\n"

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (["."], 1, "no photo there"),
            (["a.png", "--format", "xyz"], 2, "xyz"),
            (["a.png", "--machine", "nothing"], 2, "machine"),
            (["a.png", "--jobs", "0"], 2, "jobs"),
            (["a.png", "--overrides", "none.csv"], 1, "no such file"),
        ],
    )
    def test_what_is_wrong_is_said_before_any_work(
        self, tmp_path: Path, cli: Runner, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
    ) -> None:
        (tmp_path / "empty").mkdir()
        monkeypatch.chdir(tmp_path / "empty")
        ran = cli("batch", *arguments, "-o", tmp_path / "out")
        assert ran.code == code
        assert said in ran.err
        assert not (tmp_path / "out").exists()

    def test_two_runs_on_one_output(self, tmp_path: Path) -> None:
        photo = save(tmp_path / "a.png", 1)
        first: Iterator[BatchResult] = ep.batch([photo], output=tmp_path / "out", executor=Here(), **SMALL)
        next(first)
        with pytest.raises(OutputError, match="another batch is writing there"):
            here(photo, output=tmp_path / "out")
        assert not list(first)
        assert status(here(photo, output=tmp_path / "out")) == {"a.png": "kept"}

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
    def test_a_run_that_was_stopped_goes_on(self, tmp_path: Path, number: signal.Signals) -> None:
        for name in range(2):
            save(tmp_path / "photos" / f"{name}.png", name)
        command = [sys.executable, "-m", "embroider_prep", "batch", str(tmp_path / "photos"), *FLAGS, "--jobs", "1"]
        with subprocess.Popen(
            [*command, "-o", tmp_path / "out", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            process.send_signal(number)
            process.communicate()
        assert process.returncode == (130 if number == signal.SIGINT else -number)
        if number == signal.SIGINT:
            assert not [name for name in names(tmp_path / "out") if name.endswith(".part")]
        done = subprocess.run([*command, "-o", tmp_path / "out", "--json"], capture_output=True, text=True, check=True)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        assert [row["status"] for row in rows if row["photo"] == first["photo"]] == ["kept"]
        options = replace(ep.ConvertOptions().with_values(SMALL), origins=_FROM_FLAGS)
        list(ep.batch([tmp_path / "photos"], options, output=tmp_path / "undisturbed", executor=Here()))
        assert content(tmp_path / "out") == content(tmp_path / "undisturbed")


_FROM_FLAGS = {"size.width_mm": "command line", "quantize.threads": "command line"}


def test_wrong_options_are_said_at_once() -> None:
    with pytest.raises(OptionsError, match="again"):
        ep.batch(["a.png"], again="perhaps")  # type: ignore[arg-type]
    with pytest.raises(OptionsError, match="jobs"):
        ep.batch(["a.png"], jobs=0)
    with pytest.raises(OptionsError, match="hoop"):
        ep.batch(["a.png"], hoops=("100x100", "round"))


def test_a_worker_knows_its_share_of_the_cores_before_anything_counts_them() -> None:
    code = (
        "import sys, embroider_prep.batches.run, embroider_prep.batches.pools; "
        "print(*(name for name in ('numpy', 'cv2', 'scipy', 'onnxruntime') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
