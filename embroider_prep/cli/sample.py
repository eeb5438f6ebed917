"""``sample``: a sewn sample of how threads mix, and what it says."""

from __future__ import annotations

from typing import Any

import click

from embroider_prep.cli import early
from embroider_prep.cli.params import merge, options_file, step_options
from embroider_prep.cli.talk import Talk, json_option, talk_options
from embroider_prep.errors import OptionsError


@click.group("sample", no_args_is_help=False)
def command() -> None:
    """Sew a sample of mixed threads, and read from its photo how they mix."""


@command.command("mixing")
@click.option("-o", "--output", default="mixing.pes", show_default=True, metavar="DESIGN", help="Stitch file.")
@click.option("--force", is_flag=True, help="Replace the file when it is there.")
@options_file
@talk_options
@step_options("quantize", "write", only=("chart", "measured", "spools", "machine"))
def mixing(output: str, force: bool, options_file: str | None, as_json: bool, quiet: bool, **values: Any) -> None:
    """Write 60 x 60 mm of patches: five pairs of threads in three shares, spacings, directions and orders.

    \b
      embroider-prep sample mixing -o ramps.pes
    """
    talk = Talk(quiet=quiet, as_json=as_json)
    options = merge(options_file, values)
    early.check_stream(output, as_json)
    early.design_format(output, None)
    early.check_targets([output], [options_file], options)
    if not force and output != early.STREAM:
        early.check_free([output])

    from embroider_prep.painting.sample import mixing_sample
    from embroider_prep.pattern import write
    from embroider_prep.threads import choose_from

    plan = mixing_sample(choose_from(options.quantize).chart, options.plan)
    written = write(plan, output, options.write)
    pairs = [[f"{one}", f"{two}"] for one, two in zip(plan.threads[::2], plan.threads[1::2], strict=True)]
    if as_json:
        talk.data({"files": [str(path) for path in written.paths], "stitches": plan.stitch_count, "pairs": pairs})
        return
    for number, (one, two) in enumerate(pairs, 1):
        talk.say(f"pair {number}: {one} and {two}")
    talk.say(f"wrote {', '.join(str(path) for path in written.paths)}, {plan.stitch_count:,} stitches")


@command.command("exponent")
@click.argument("one", metavar="COLOR")
@click.argument("two", metavar="COLOR")
@click.argument("mixed", metavar="COLOR")
@click.option("--share", type=float, default=0.5, show_default=True, metavar="N", help="Share of the first, 0 to 1.")
@json_option
def exponent(one: str, two: str, mixed: str, share: float, as_json: bool) -> None:
    """Say with which --mix-exponent two threads mix: colours of both alone and of their rows, from one photo.

    \b
      embroider-prep sample exponent "#1b1a1c" "#f2f0ea" "#a3a19f"
    """
    from embroider_prep.checked import parse_color
    from embroider_prep.painting.sample import fit_mix_exponent

    if not 0 < share < 1:
        raise OptionsError(f"--share {share:g}: allowed is more than 0 and less than 1", hint="0.5 for rows 1:1")
    found = fit_mix_exponent(parse_color(one), parse_color(two), parse_color(mixed), share=share)
    if as_json:
        Talk().data({"mix_exponent": found})
        return
    click.echo(f"--mix-exponent {found:g}")
