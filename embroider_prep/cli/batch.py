"""``batch``: folders of photos become stitch files, with lists of what came out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from embroider_prep.cli import early, process
from embroider_prep.cli.exits import CANNOT, DONE, FOUND
from embroider_prep.cli.params import SectionedCommand, merge, options_file, step_options
from embroider_prep.cli.talk import Talk, counted, talk_options, verdict
from embroider_prep.errors import InputError, OptionsError
from embroider_prep.options import ConvertOptions

if TYPE_CHECKING:
    from embroider_prep.batches.job import BatchResult
    from embroider_prep.batches.plan import Plan

SHOWN_FAILURES = 50

OF_BATCH = (
    "formats", "preview", "contact", "sheet_html", "sheet_pdf", "paper", "overrides", "jobs", "again", "force",
    "cluster", "shared", "common", "watch",
)  # fmt: skip
"""Options that are none of a step."""


@click.command("batch", cls=SectionedCommand)
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="Where results go: a folder, or an address.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME,NAME",
    help="Formats of each design.  [default: the machine's, pes]",
)
@click.option("--preview/--no-preview", default=True, help="Picture of the stitches beside each result.  [default: on]")
@click.option("--sheet", "sheet_html", is_flag=True, help="Work sheet as HTML beside each result.")
@click.option("--sheet-pdf", is_flag=True, help="Work sheet as PDF beside each result.")
@click.option("--contact/--no-contact", default=True, help="Contact sheet of all, as HTML and PDF.  [default: on]")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True, help="Paper of PDFs.")
@click.option("--overrides", metavar="FILE.csv", help="What is different for single photos: crop, size, machine …")
@click.option(
    "--common", type=click.IntRange(1, 255), metavar="N", help="Sew all in the same N threads, chosen for all."
)
@click.option("--watch", is_flag=True, help="Take what arrives in the folders, until stopped.")
@click.option(
    "--jobs", type=click.IntRange(1, 1024), metavar="N", help="Photos at a time.  [default: one for each core]"
)
@click.option("--cluster", metavar="ADDRESS", help="Dask scheduler that hands out the work: tcp://host:8786, or local.")
@click.option("--shared", is_flag=True, help="With --cluster: its workers see photos and output under the same names.")
@click.option("--again", type=click.Choice(["failed", "all"]), help="Do again what has failed, or everything.")
@click.option("--dry-run", is_flag=True, help="List what would be done, with its time and disk space.")
@click.option("--force", is_flag=True, help="Replace files that are in the way.")
@options_file
@talk_options
@step_options(*ConvertOptions.steps())
def command(
    photos: tuple[str, ...],
    output: str,
    options_file: str | None,
    as_json: bool,
    quiet: bool,
    dry_run: bool,
    **values: Any,
) -> int:
    """Turn many photos into stitch files.

    PHOTO is a file, a folder, a pattern in quotes, an address such as s3://bucket/photos, or - for a list of them on
    standard input. Folders are mirrored in the output. What is done already is not done again, so a run that was
    stopped goes on where it was; beside the results appear summary.csv, threads.csv, schedule.csv and a contact
    sheet. --hoop takes several, with commas, for a result of each. --json prints a line for each photo.

    \b
      embroider-prep batch photos -o designs --width 100mm
      embroider-prep batch 'photos/**/*.jpg' -o designs --format pes,dst --hoop 100x100,130x180
      embroider-prep batch photos -o designs --overrides designs/summary.csv
    """  # fmt: skip
    talk = Talk(quiet=quiet, as_json=as_json)
    took = {name: values.pop(name) for name in OF_BATCH}
    sheets = (*(("html",) if took["sheet_html"] else ()), *(("pdf",) if took["sheet_pdf"] else ()))
    early.check_sheets(sheets)
    hoops = _parted([values["hoop"]]) if values.get("hoop") else []
    if len(hoops) > 1:
        values["hoop"] = hoops[0]
    options = merge(options_file, values)
    early.check_steps(options)

    from embroider_prep.batches.job import Wanted
    from embroider_prep.batches.plan import plan_nothing
    from embroider_prep.batches.run import run_batch
    from embroider_prep.batches.sources import find_photos
    from embroider_prep.batches.watch import arrivals

    planned = plan_nothing(
        options, output=output, formats=_parted(took["formats"]), hoops=hoops if len(hoops) > 1 else (),
        again=took["again"] or "none",
        wanted=Wanted(preview=took["preview"], pairs=took["contact"], sheets=sheets, paper=took["paper"],
                      force=took["force"]),
    )  # fmt: skip
    arriving = None
    if took["watch"]:
        if took["overrides"] or dry_run:
            raise OptionsError("--watch goes neither with --overrides nor with --dry-run: nobody knows what will come")
        arriving = arrivals(planned, _listed(photos), output=output)
    else:
        planned = planned.with_photos(find_photos(_listed(photos), output=output), took["overrides"])
    if dry_run:
        return _dry(planned, talk)
    shown = _Shown(talk, sum(len(job.variants) for job in planned.jobs))
    results = run_batch(
        planned, jobs=took["jobs"], cluster=took["cluster"], shared=took["shared"], common=took["common"],
        arriving=arriving, on_stop=process.answer,
    )  # fmt: skip
    try:
        # However it ends: workers are stopped and the lists written before this goes on.
        with closing(results):
            for result in results:
                shown.add(result)
    except KeyboardInterrupt:
        # Who watches says so when it is enough.
        if arriving is None:
            raise
    return shown.end(output)


def _parted(texts: Iterable[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _listed(photos: tuple[str, ...]) -> list[str]:
    """Return the photos with those that standard input lists, one a line."""
    if early.STREAM not in photos:
        return list(photos)
    if photos.count(early.STREAM) > 1:
        raise OptionsError("standard input can be read once", hint="write one -")
    from embroider_prep.texts import decode

    lines = [line for line in decode(sys.stdin.buffer.read(), "standard input").splitlines() if line.strip()]
    if not lines:
        raise InputError("standard input: the list of photos is empty", hint="send it one name a line")
    return [name for photo in photos for name in (lines if photo == early.STREAM else [photo])]


class _Shown:
    """What is said of results as they come, and what is left to do."""

    def __init__(self, talk: Talk, total: int) -> None:
        self.talk, self.total = talk, total
        self.counts = {"made": 0, "kept": 0, "failed": 0}
        self.failed: list[BatchResult] = []
        self.worst_code = DONE
        self.full = False
        self.start = time.monotonic()

    def add(self, result: BatchResult) -> None:
        from embroider_prep.design import Finding

        self.counts[result.status] += 1
        self.full = self.full or result.disk_full
        if result.status == "failed":
            self.failed.append(result)
        if self.talk.as_json:
            self._print(result)
        found = [Finding(**{**item, "at_mm": None}) for item in result.report.get("findings", ())]
        self.worst_code = max(self.worst_code, verdict(found, self._fail_on(result)))
        done = sum(self.counts.values())
        of = f"[{done:>{len(str(self.total))}}/{self.total}]" if self.total else f"[{done}]"
        self.talk.say(f"{of} {_line(result)}{self._left(done)}")

    @staticmethod
    def _fail_on(result: BatchResult) -> str | None:
        level: str | None = result.report.get("options", {}).get("write", {}).get("fail_on")
        return level

    def _left(self, done: int) -> str:
        """Return the time left, from the photos that were made in this run."""
        worked = self.counts["made"] + sum(not result.earlier for result in self.failed)
        if not sys.stderr.isatty() or not worked or done >= self.total:
            return ""
        seconds = (time.monotonic() - self.start) / worked * (self.total - done)
        return f"  ({_time(seconds)} left)"

    def _print(self, result: BatchResult) -> None:
        from embroider_prep.texts import json_text

        row: dict[str, Any] = {"photo": result.photo, "status": result.status, "files": list(result.files)}
        if result.status == "failed":
            row |= {"error": result.error, "hint": result.hint, "earlier": result.earlier}
        else:
            row |= {"plan": result.report.get("plan", {}), "findings": result.report.get("findings", [])}
        with process.saying():
            click.echo(json_text(row, indent=None, ascii_only=True))
            sys.stdout.flush()

    def end(self, output: str) -> int:
        """Say what came of all, and return the exit code."""
        counts = self.counts
        self.talk.say(
            f"{counts['made']:,} made, {counts['kept']:,} done before, {counts['failed']:,} failed "
            f"in {_time(time.monotonic() - self.start)}; the lists are in {output}"
        )
        if self.failed:
            failed = sorted(self.failed, key=lambda result: result.photo)
            lines = list(dict.fromkeys(f"  {result.photo}: {result.error}" for result in failed))
            more = f"\n  and {len(lines) - SHOWN_FAILURES} more in summary.csv" if len(lines) > SHOWN_FAILURES else ""
            again = " (--again failed tries those once more)" if any(result.earlier for result in self.failed) else ""
            self._err(f"{counted(len(lines), 'photo')} failed{again}:\n" + "\n".join(lines[:SHOWN_FAILURES]) + more)
        if self.full:
            self._err("stopped: the disk is full; free some space and run the same command again")
        return CANNOT if self.failed or self.full else FOUND if self.worst_code == FOUND else DONE

    def _err(self, text: str) -> None:
        from embroider_prep.texts import clean

        with process.saying():
            click.echo(clean(text), err=True)


def _line(result: BatchResult) -> str:
    if result.status == "failed":
        return f"{result.photo}: failed: {result.error}"
    plan = result.report["plan"]
    kept = ", done before" if result.status == "kept" else ""
    return (
        f"{result.photo}: {plan['width_mm']:.0f} x {plan['height_mm']:.0f} mm, {plan['stitches']:,} stitches, "
        f"{counted(plan['threads'], 'thread')}{kept}"
    )


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _dry(planned: Plan, talk: Talk) -> int:
    from embroider_prep.batches.estimate import estimate

    guess = estimate(planned.jobs)
    if talk.as_json:
        talk.data(guess)
        return DONE
    for row in guess["photos"]:
        click.echo(f"{row['photo']} -> {', '.join(row['results'])}")
    talk.say(
        f"{counted(guess['count'], 'photo')}: about {_time(guess['seconds'])} with "
        f"{counted(guess['workers'], 'worker')}, "
        f"{guess['bytes'] / 1e6:,.0f} MB on the disk ({guess['free_bytes'] / 1e9:,.0f} GB are free)"
    )  # fmt: skip
    return DONE
