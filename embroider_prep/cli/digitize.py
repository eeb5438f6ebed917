"""``digitize``: a picture in threads becomes a stitch file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from embroider_prep.cli import early
from embroider_prep.cli.designs import check_results, finish, result_options, results_of, take_results
from embroider_prep.cli.kinds import is_drawing
from embroider_prep.cli.params import SectionedCommand, merge, options_file, step_options
from embroider_prep.cli.talk import Talk, talk_options
from embroider_prep.errors import OptionsError

# Of the steps before, only what is asked here: a new size, new colours in the picture, the photo for directions.
EARLIER = (
    "width_mm",
    "height_mm",
    "chart",
    "measured",
    "spools",
    "face_weight",
    "focus",
    "crop",
    "rotate",
    "auto_contrast",
)


@click.command("digitize", cls=SectionedCommand)
@click.argument("picture")
@result_options
@click.option("--guide", metavar="PICTURE", help="Photo or illustration to take the directions from.")
@click.option(
    "--from",
    "take",
    type=click.Choice(["stitches", "shapes"]),
    help="Of a drawing only these, hidden or not.  [default: visible]",
)
@options_file
@talk_options
@step_options("size", "quantize", "picture", only=EARLIER)
@step_options("stylize", only=("contours", "contour_width_mm"))
@step_options("regions", "plan", "write", "preview")
def command(
    picture: str, guide: str | None, take: Any, options_file: str | None, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Turn a picture in threads, or an SVG drawing, into a stitch file.

    PICTURE is an indexed PNG from `quantize`, retouched or not, or any PNG in a few flat colours: these are matched to
    --chart, and --width says how large it is.

    `quantize` then `digitize` give the same bytes as `convert`.

    Of an SVG drawing what is visible is sewn, without a trace step: stitches of ours point for point, fills and strokes
    of anybody's digitized. --width is then the size of the shapes.

    \b
      embroider-prep digitize threads.png
      embroider-prep digitize threads.png -o design.pes
      embroider-prep digitize logo.png -o logo.pes --width 80mm --chart janome
      embroider-prep digitize design.svg -o design.pes --from shapes
    """
    talk = Talk(quiet=quiet, as_json=as_json)
    asked = take_results(values)
    options = merge(options_file, values)
    results = results_of(asked, options, picture)
    check_results(results, options, talk, (picture, guide, options_file))
    early.check_sources(picture, guide)
    early.check_steps(options, style=False)

    if is_drawing(picture):
        if guide is not None:
            raise OptionsError("--guide: a drawing needs none: its shapes say how they are sewn", hint="leave it out")
        from embroider_prep.vector import sew_drawing

        with talk.progress() as tell:
            made = sew_drawing(picture, options, take=take, progress=tell)
            tell("write", 0, 1)
            return finish(made, results, talk, (picture, options_file))
    if take is not None:
        raise OptionsError(f"--from {take}: {picture} is no SVG drawing", hint="leave it out")

    from embroider_prep.picture import read_indexed
    from embroider_prep.pipeline import digitize, guide_of
    from embroider_prep.threads import choose_from

    with talk.progress() as tell:
        tell("read", 0, 1)
        threads = choose_from(options.quantize)
        image, own, findings = read_indexed(picture, chart=threads.chart)
        findings = (*threads.findings, *findings)
        directions = own if guide is None else guide_of(guide, image, options)
        if guide is not None:
            findings = tuple(item for item in findings if item.code != "guide-lost")
        name = "picture" if picture == early.STREAM else Path(picture).stem
        made = digitize(image, directions, options, name=name, findings=findings, progress=tell)
        tell("write", 0, 1)
        return finish(made, results, talk, (picture, guide, options_file))
