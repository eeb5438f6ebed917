"""``preview``: a picture of the stitches in anybody's file."""

from __future__ import annotations

from typing import Any

import click

from embroider_prep.cli import early
from embroider_prep.cli.params import SectionedCommand, merge, options_file, step_options
from embroider_prep.cli.talk import Talk


@click.command("preview", cls=SectionedCommand)
@click.argument("design")
@click.option(
    "-o", "--output", required=True, metavar="PICTURE", help="PNG, JPEG, WebP or TIFF file; - is a PNG stream."
)
@click.option("--px-per-mm", "px_per_mm", metavar="NUMBER", help="Short for --preview-px-per-mm.")
@click.option("--format", "form", metavar="NAME", help="Format when DESIGN is -.")
@click.option("--force", is_flag=True, help="Also read files that are very large or break off.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@options_file
@step_options("preview")
def command(
    design: str,
    output: str,
    px_per_mm: str | None,
    form: str | None,
    force: bool,
    options_file: str | None,
    quiet: bool,
    **values: Any,
) -> int:
    """Draw the stitches of a file: PES, DST, JEF, VP3, EXP and thirty more.

    \b
      embroider-prep preview design.pes -o design.png
      embroider-prep preview design.dst -o design.png --px-per-mm 20 --marks --fabric-color navy
    """
    talk = Talk(quiet=quiet)
    if px_per_mm is not None:
        values["preview_px_per_mm"] = px_per_mm
    options = merge(options_file, values, remembered=False)
    early.check_stream(output, as_json=False)
    early.check_picture(output)
    early.check_targets([output], [design, options_file], options)

    from embroider_prep.cli.streams import read_design, write_picture
    from embroider_prep.preflight import check
    from embroider_prep.preview import render

    seen = read_design(design, form, force=force)
    plan = seen.plan
    # Stand-in colours are seen; what lacks is not.
    talk.findings([item for item in seen.findings if item.code != "stand-ins"])
    picture = render(plan, options.preview, check(plan) if options.preview.marks else ())
    write_picture(picture, output)
    width, height = plan.size_mm
    if output != early.STREAM:
        size = f"{picture.shape[1]} x {picture.shape[0]} pixels"
        talk.say(f"wrote {output}, {size}: {width:.1f} x {height:.1f} mm, {plan.stitch_count:,} stitches")
    return 0
