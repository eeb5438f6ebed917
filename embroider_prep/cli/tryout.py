"""``try``: six ways to sew a photo on one sheet, each with the command that makes it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from embroider_prep.cli import early
from embroider_prep.cli.params import SectionedCommand, flag_name, given, merge, options_file, step_options
from embroider_prep.cli.talk import Talk, counted, talk_options

COMMON = ("quantize", "picture", "size", "stylize", "plan", "write")


@click.command("try", cls=SectionedCommand)
@click.argument("photo")
@click.option("-o", "--output", metavar="PICTURE", help="Sheet; - is a PNG stream.  [default: PHOTO.try.png]")
@click.option("--force", is_flag=True, help="Replace a file that is in the way.")
@options_file
@talk_options
@step_options(*COMMON)
def command(
    photo: str, output: str | None, force: bool, options_file: str | None, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Show six ways to sew a photo on one sheet, each stitched small and with its command line.

    Whole, face and subject; without background; painted; few and many threads; styles. Options are those of `convert`
    and hold for all six.

    \b
      embroider-prep try photo.jpg
      embroider-prep try photo.jpg --machine brother-pe800 --chart madeira
    """
    talk = Talk(quiet=quiet, as_json=as_json)
    options = merge(options_file, values)
    sheet = output or f"{_stem(photo)}.try.png"
    early.check_stream(sheet, as_json)
    early.check_picture(sheet)
    early.check_targets([sheet], [photo, options_file], options)
    if output is None and not force:
        early.check_free([sheet])
    early.check_sources(photo)
    early.check_steps(options)

    from embroider_prep.cli.streams import write_picture
    from embroider_prep.preview.contact import contact_sheet
    from embroider_prep.tryout import candidates

    with talk.progress() as tell:
        found = candidates(photo, options, progress=tell)
        tell("write", 0, 1)
        common = given(values)
        lines = [_line(photo, options_file, {**common, **one.values}) for one in found]
        facts = [
            f"{one.size_mm[0]:.0f} x {one.size_mm[1]:.0f} mm, {counted(one.threads, 'thread')}, "
            f"about {one.stitches:,} stitches"
            for one in found
        ]
        cells = [(one.preview(), one.title, (fact, line)) for one, fact, line in zip(found, facts, lines, strict=True)]
        write_picture(contact_sheet(cells), sheet)
    if as_json:
        rows = [
            {"title": one.title, "options": {name: _plain(value) for name, value in one.values.items()},
             "command": line, "width_mm": round(one.size_mm[0], 1), "height_mm": round(one.size_mm[1], 1),
             "threads": one.threads, "stitches_about": one.stitches}
            for one, line in zip(found, lines, strict=True)
        ]  # fmt: skip
        talk.data({"files": [sheet], "candidates": rows})
        return 0
    for number, (one, fact, line) in enumerate(zip(found, facts, lines, strict=True), 1):
        talk.say(f"{number}  {one.title}: {fact}\n   {line}")
    if sheet != early.STREAM:
        talk.say(f"wrote {sheet}")
    return 0


def _stem(photo: str) -> str:
    if photo == early.STREAM:
        return "picture"
    return photo.removeprefix("sample:") if photo.startswith("sample:") else str(Path(photo).with_suffix(""))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _line(photo: str, options_file: str | None, values: Mapping[str, Any]) -> str:
    """Return the command that makes one of them at its size."""
    words = ["embroider-prep", "convert", photo]
    if options_file is not None:
        words += ["--options", options_file]
    for name, value in values.items():
        if isinstance(value, bool):
            flag = flag_name(name)
            opposite = flag.removeprefix("no-") if flag.startswith("no-") else f"no-{flag}"
            words.append(f"--{flag if value else opposite}")
        else:
            text = ",".join(f"{item}" for item in value) if isinstance(value, tuple) else f"{value}"
            words += [f"--{flag_name(name)}", text]
    return shlex.join(words)
