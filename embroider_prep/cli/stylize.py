"""``stylize``: photo to illustration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from embroider_prep.cli import early
from embroider_prep.cli.params import (
    FITTING,
    SectionedCommand,
    drawn_unless_said,
    given,
    merge,
    options_file,
    step_options,
)
from embroider_prep.cli.talk import Talk, talk_options
from embroider_prep.errors import OptionsError
from embroider_prep.options import ConvertOptions

if TYPE_CHECKING:
    from embroider_prep.design import Finding
    from embroider_prep.reading import Working


@click.command("stylize", cls=SectionedCommand)
@click.argument("photo")
@click.option("-o", "--output", metavar="PICTURE", help="PNG, JPEG, WebP or TIFF file; - is a PNG stream.")
@click.option("--show", is_flag=True, help="Show the picture in the terminal.")
@options_file
@talk_options
@step_options("stylize", "picture", "size")
@step_options("write", only=FITTING)
def command(
    photo: str, output: str | None, show: bool, options_file: str | None, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Turn a photo into an illustration, at the photo's own size.

    With --width, --height, --machine or --hoop it is made at the size that such a design needs, as `convert` does, and
    says so in dots per inch: printed at 100 % it has that size. --px-per-mm 12 makes it finer, 305 dpi.

    \b
      embroider-prep stylize photo.jpg -o illustration.png
      embroider-prep stylize photo.jpg -o night.png --style recipe:night
      embroider-prep stylize photo.jpg -o print.png --width 200mm --px-per-mm 12
    """
    talk = Talk(quiet=quiet, as_json=as_json)
    options = drawn_unless_said(merge(options_file, values))
    if output is None and not show:
        raise OptionsError(
            "a name for the picture is missing", hint=f"embroider-prep stylize {photo} -o illustration.png, or --show"
        )
    if output is not None:
        early.check_stream(output, as_json)
        early.check_picture(output)
        early.check_targets([output], [photo, options_file], options)
    early.check_sources(photo)
    early.check_style(options)

    from embroider_prep.cli.streams import show_picture, write_picture
    from embroider_prep.stylizer.stylize import stylize

    with talk.progress() as tell:
        tell("read", 0, 1)
        at_size = given(values).keys() & {"width_mm", "height_mm", "px_per_mm", "machine", "hoop"}
        work = _read(photo, options, at_design_size=at_size)
        said: list[Finding] = list(work.findings)
        drawn = stylize(
            work.rgb8, options.stylize, progress=lambda done, total: tell("stylize", done, total), notify=said.append,
            px_per_mm=options.size.px_per_mm if at_size else None,
        )  # fmt: skip
        tell("write", 0, 1)
        if output is not None:
            write_picture(drawn, output, alpha=work.alpha, px_per_mm=options.size.px_per_mm if at_size else None)
    height, width = drawn.shape[:2]
    if as_json:
        facts = {"style": options.stylize.style, "width_px": width, "height_px": height}
        findings = [{"code": item.code, "severity": item.severity, "message": item.message} for item in said]
        talk.data({"files": [output] if output else [], **facts, "findings": findings})
    talk.findings(said)
    if show:
        show_picture(drawn)
    if output not in (None, early.STREAM) and not as_json:
        scale = options.size.px_per_mm
        printed = f", {width / scale:.1f} x {height / scale:.1f} mm at {scale * 25.4:.0f} dpi" if at_size else ""
        talk.say(f"wrote {output}, {width} x {height} pixels{printed} in the style {options.stylize.style}")
        guide = "" if photo == early.STREAM else f" --guide {photo}"
        talk.say(f"next: embroider-prep quantize {output} -o threads.png --style none{guide}")
    return 0


def _read(photo: str, options: ConvertOptions, *, at_design_size: object) -> Working:
    from embroider_prep.reading import read_unsized, read_working

    return read_working(photo, options) if at_design_size else read_unsized(photo, options)
