"""``report``: numbers, threads and problems of anybody's stitch file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embroider_prep.cli.early import STREAM
from embroider_prep.cli.params import SectionedCommand, merge, options_file, step_options
from embroider_prep.cli.talk import Talk, json_option, verdict

if TYPE_CHECKING:
    from embroider_prep.design import Finding, StitchPlan
    from embroider_prep.formats import StitchFormat
    from embroider_prep.machines import Hoop


@click.command("report", cls=SectionedCommand)
@click.argument("design")
@click.option("--format", "form", metavar="NAME", help="Format when DESIGN is -.")
@click.option("--force", is_flag=True, help="Also read files that are very large or break off.")
@json_option
@options_file
@step_options("write", only=("machine", "hoop", "fail_on"))
def command(design: str, form: str | None, force: bool, as_json: bool, options_file: str | None, **values: Any) -> int:
    """Say what is in a stitch file: size, stitches, threads, run time, and what would go wrong at the machine.

    \b
      embroider-prep report design.pes
      embroider-prep report design.dst --machine tajima-tmez-sc --hoop 130x180 --fail-on warning
    """
    talk = Talk(as_json=as_json)
    options = merge(options_file, values)

    from embroider_prep.cli.streams import read_design
    from embroider_prep.machines import candidate_hoops, find_machine
    from embroider_prep.pattern import content_format
    from embroider_prep.preflight import check
    from embroider_prep.report import as_text, make_report

    machine = find_machine(options.write.machine)
    hoops = candidate_hoops(options.write.hoop, machine)
    plan = read_design(design, form, force=force)
    kind = None if design == STREAM else content_format(design)
    found = _of_file(plan, design, kind) + tuple(
        # What a format loses was lost when somebody wrote the file, with that program's table of colours.
        item
        for item in check(plan, kind, machine, _hoop_for(plan.size_mm, hoops))
        if item.code not in ("colors-lost", "screen-colors")
    )
    report = make_report(plan, found, machine=machine)
    if as_json:
        talk.data({"files": [design], **report.as_dict()})
    else:
        click.echo(as_text(report, color=sys.stdout.isatty() and talk.color is not False), nl=False)
    return verdict(found, options.write.fail_on)


def _of_file(plan: StitchPlan, design: str, kind: StitchFormat | None) -> tuple[Finding, ...]:
    """Return what only a file can have wrong: a name that belies its content, no colours."""
    from embroider_prep.decoders import standin_thread
    from embroider_prep.formats import find_format
    from embroider_prep.preflight import finding

    out = []
    if kind is not None and (named := find_format(design, to="read")) is not kind:
        message = f"the content is {kind.name}, the name says {named.name}: machines go by the name"
        out.append(finding("wrong-suffix", message, f"name it {Path(design).with_suffix(kind.suffix).name}"))
    if {standin_thread(index) for index in range(plan.color_changes + 1)} & set(plan.threads):
        remedy = "put its .edr, .inf or .col list beside it"
        out.append(finding("stand-ins", "the file keeps no thread colours; those shown are stand-ins", remedy))
    return tuple(out)


def _hoop_for(size_mm: tuple[float, float], hoops: tuple[Hoop, ...]) -> Hoop | None:
    """Return the smallest hoop that holds the design, else the largest there is."""
    return next((hoop for hoop in hoops if hoop.holds(size_mm)), hoops[-1] if hoops else None)
