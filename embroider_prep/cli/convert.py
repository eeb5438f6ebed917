"""``convert``: a photo becomes a stitch file."""

from __future__ import annotations

from typing import Any

import click

from embroider_prep.cli import early
from embroider_prep.cli.designs import check_results, finish, result_options, results_of
from embroider_prep.cli.params import SectionedCommand, merge, options_file, step_options
from embroider_prep.cli.talk import Talk, talk_options
from embroider_prep.errors import OptionsError
from embroider_prep.options import ConvertOptions


@click.command("convert", cls=SectionedCommand)
@click.argument("photos", nargs=-1, required=True, metavar="PHOTO")
@result_options
@options_file
@talk_options
@step_options(*ConvertOptions.steps())
def command(photos: tuple[str, ...], options_file: str | None, as_json: bool, quiet: bool, **values: Any) -> int:
    """Turn a photo into a stitch file.

    PHOTO is a JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIC file, - for standard input, or sample:chelsea,
    sample:astronaut, sample:coffee. Lengths take units: 100mm, 10cm, 4in.

    \b
      embroider-prep convert photo.jpg -o design.pes --width 100mm
      embroider-prep convert photo.jpg -o design.dst --threads auto --chart my-threads.gpl
      embroider-prep convert photo.jpg -o design.jef --machine janome-mc500e --fabric white
    """
    if len(photos) > 1:
        hint = 'for photo in *.jpg; do embroider-prep convert "$photo" -o "${photo%.*}.pes"; done'
        if values["output"] is None:
            hint = f"embroider-prep convert {photos[0]} -o {photos[1]}"
        raise OptionsError(f"{len(photos)} photos; allowed is one", hint=hint)
    photo = photos[0]
    talk = Talk(quiet=quiet, as_json=as_json)
    results = results_of(values)
    options = merge(options_file, values)
    check_results(results, options, talk, (photo, options_file))
    early.check_sources(photo)
    early.check_steps(options)

    from embroider_prep.pipeline import convert

    with talk.progress() as tell:
        made = convert(photo, options, progress=tell)
        tell("write", 0, 1)
        return finish(made, results, talk, (photo, options_file))
