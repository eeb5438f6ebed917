"""``quantize``: photo or illustration to a picture in real threads."""

from __future__ import annotations

from typing import Any

import click

from embroider_prep.cli import early
from embroider_prep.cli.params import FITTING, SectionedCommand, merge, options_file, step_options
from embroider_prep.cli.talk import Talk, counted, table, talk_options


@click.command("quantize", cls=SectionedCommand)
@click.argument("picture")
@click.option("-o", "--output", required=True, metavar="PNG", help="Indexed PNG to write; - is a stream.")
@click.option("--guide", metavar="PHOTO", help="The photo behind an illustration: faces are looked for there.")
@options_file
@talk_options
@step_options("size", "quantize", "stylize", "picture")
@step_options("write", only=FITTING)
def command(
    picture: str, output: str, guide: str | None, options_file: str | None, as_json: bool, quiet: bool, **values: Any
) -> int:
    """Turn a photo or an illustration into a picture in real threads: an indexed PNG.

    A photo goes through the style first, as in `convert`. For a picture that is an illustration already (drawn,
    painted, or from `stylize`) say --style none.

    The PNG holds threads and scale and can be retouched in any paint program before `digitize` takes it.

    \b
      embroider-prep quantize photo.jpg -o threads.png --width 100mm --threads 10
      embroider-prep quantize illustration.png -o threads.png --style none --guide photo.jpg
    """
    talk = Talk(quiet=quiet, as_json=as_json)
    options = merge(options_file, values)
    early.check_stream(output, as_json)
    early.check_suffix(output, (".png",), "a picture in threads")
    early.check_targets([output], [picture, guide, options_file], options)
    early.check_sources(picture, guide)
    early.check_steps(options)

    from embroider_prep.cli.streams import write_indexed_png
    from embroider_prep.pipeline import quantize_picture
    from embroider_prep.report import chart_text

    with talk.progress() as tell:
        made = quantize_picture(picture, options, faces=guide, progress=tell)
        tell("write", 0, 1)
        write_indexed_png(made.indexed, output, made.guide)
    shares = _shares(made.indexed)
    width, height = made.indexed.size_mm
    if as_json:
        threads = [
            {"brand": thread.brand, "chart": thread.chart, "code": thread.code, "name": thread.name,
             "color": thread.hex, "share": round(share, 4)}
            for thread, share in zip(made.indexed.threads, shares, strict=True)
        ]  # fmt: skip
        findings = [{"code": item.code, "severity": item.severity, "message": item.message} for item in made.findings]
        size = {"width_mm": round(width, 2), "height_mm": round(height, 2), "px_per_mm": made.indexed.px_per_mm}
        talk.data({"files": [output], **size, "threads": threads, "chart": dict(made.chart), "findings": findings})
        return 0
    rows = [
        (thread.hex, thread.brand, thread.code, thread.name, f"{share:.1%}")
        for thread, share in zip(made.indexed.threads, shares, strict=True)
    ]
    talk.say(chart_text(made.chart, len(rows)))
    talk.say(table(("colour", "maker", "number", "name", "share"), rows, right=[4]))
    talk.findings(made.findings)
    if output != early.STREAM:
        talk.say(f"wrote {output}, {width:.1f} x {height:.1f} mm in {counted(len(rows), 'thread')}")
        talk.say(f"next: embroider-prep digitize {output} -o design.pes")
    return 0


def _shares(indexed: Any) -> list[float]:
    """Return the share of the picture that each thread covers."""
    import numpy as np

    counts = np.bincount(indexed.labels.reshape(-1), minlength=len(indexed.threads))
    return [float(count) / indexed.labels.size for count in counts[: len(indexed.threads)]]
