"""``demo``: a sample photo becomes a folder of results to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from embroider_prep.cli import early
from embroider_prep.cli.designs import Results, check_results, finish
from embroider_prep.cli.kinds import is_picture
from embroider_prep.cli.params import SectionedCommand, drawn_unless_said, merge, options_file, step_options
from embroider_prep.cli.talk import Talk, talk_options
from embroider_prep.errors import OptionsError, OutputError, closest

SAMPLES = ("chelsea", "astronaut", "coffee")
FOLDER = "embroider-prep-demo"


@click.command("demo", cls=SectionedCommand)
@click.argument("sample", default=SAMPLES[0])
@click.option(
    "-o", "--output", "folder", default=FOLDER, metavar="FOLDER", show_default=True, help="Folder for the results."
)
@click.option("--format", "form", default="pes", metavar="NAME", show_default=True, help="Format of the stitch file.")
@options_file
@talk_options
@step_options("size", "quantize", "stylize", "write", only=("width_mm", "threads", "chart", "style", "machine", "hoop"))
def command(
    sample: str, folder: str, form: str, options_file: str | None, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Convert a sample photo and say what to open.

    SAMPLE is chelsea (a cat, the default), astronaut (a portrait) or coffee: photos (CC0 or public domain) that come
    with scikit-image.
    """
    talk = Talk(quiet=quiet, as_json=as_json)
    sample = sample.removeprefix("sample:")
    if is_picture(sample):
        raise OptionsError(f"{sample}: demo takes a sample, not a photo", hint=f"embroider-prep convert {sample}")
    if sample not in SAMPLES:
        raise OptionsError(
            f"{sample!r} is no sample; allowed: {', '.join(SAMPLES)}",
            hint=closest(sample, SAMPLES, otherwise="for a photo of your own: embroider-prep convert"),
        )
    options = drawn_unless_said(merge(options_file, values))
    place = _made(Path(folder))
    results = Results(
        output=str(place / f"{sample}.{form.lower().lstrip('.')}"),
        format=early.design_format(f"{sample}.{form.lower().lstrip('.')}", None),
        preview=True,
        report=True,
        sheets=("html",),
        paper="a4",
        strip=str(place / f"{sample}.strip.png"),
    )
    check_results(results, options, talk, (options_file,))
    early.check_steps(options)

    from embroider_prep.pipeline import convert

    with talk.progress() as tell:
        made = convert(f"sample:{sample}", options, progress=tell)
        tell("write", 0, 1)
        code = finish(made, results, talk, (options_file,))
    if not as_json:
        talk.say("open")
        for name, what in (
            (f"{sample}.strip.png", "photo, illustration, threads and stitches side by side"),
            (f"{sample}.preview.png", "the stitches"),
            (f"{sample}.sheet.html", "the work sheet for the machine"),
            (Path(results.output).name, "the stitch file"),
        ):
            talk.say(f"  {place / name}  {what}")
    return code


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{folder}: cannot make the folder: a file has its name", hint="add -o FOLDER") from None
    except FileNotFoundError:
        raise OutputError(
            f"{folder}: cannot make the folder: {folder.parent} does not exist", hint="check the path"
        ) from None
    except OSError as error:
        raise OutputError(f"{folder}: cannot make the folder: {error.strerror}", hint="add -o FOLDER") from error
    return folder
