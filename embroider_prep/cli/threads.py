"""``threads``: charts of makers, and the threads nearest to a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from embroider_prep.cli.params import merge, no_config
from embroider_prep.cli.talk import Talk, json_option, swatch, table
from embroider_prep.cli.words import Listing
from embroider_prep.errors import closest
from embroider_prep.options import QuantizeOptions

if TYPE_CHECKING:
    from embroider_prep.design import Thread

CHART = QuantizeOptions().chart


APPROXIMATE = (
    "Screen colours are approximate: they come from public lists, and two lists of one chart differ by about 8 ΔE.\n"
    "A spool's own colour, measured, goes into a CSV file (number,hex): --chart NAME --measured FILE.\n"
    "Makers' names and numbers are theirs."
)


class ThreadsGroup(Listing):
    """Says what to do where people look for a command that there is no need for."""

    def unknown(self, ctx: click.Context, name: str) -> str:
        return (
            f"{super().unknown(ctx, name)}. A chart of your own is a file (number,name,hex), given with --chart FILE; "
            "the spools you have are a list of numbers, given with --spools FILE; colours you measured are a file "
            "(number,hex), given with --measured FILE"
        )

    def instead(self, ctx: click.Context, name: str, more: list[str]) -> str:
        return closest(name, self.commands, otherwise="embroider-prep threads list FILE shows how a file is read")


@click.group("threads", cls=ThreadsGroup, no_args_is_help=False)
def command() -> None:
    """List thread charts and match colours to them."""


@command.command("list")
@click.argument("chart", required=False)
@json_option
def list_threads(chart: str | None, as_json: bool) -> None:
    """List the built-in charts, or the threads of one.

    Palettes that Ink/Stitch and Inkscape keep on this computer are listed as well. CHART is a name from the list
    ("Isacord 40" is found, too), or a .gpl or .csv file.
    """
    from embroider_prep.threads import list_charts, read_chart

    talk = Talk(as_json=as_json)
    if chart is None:
        charts = list_charts(computer=True)
        if as_json:
            talk.data(
                [
                    {"name": c.name, "maker": c.maker, "title": c.title, "threads": c.count, "origin": c.origin}
                    | ({"path": str(c.path)} if c.path else {})
                    for c in charts
                ]
            )
            return
        rows = [(c.name, c.title or c.maker, str(c.count), c.origin) for c in charts]
        click.echo(table(("chart", "threads of", "threads", "values from"), rows, right=[2]))
        talk.say(f"\n{APPROXIMATE}")
        return
    threads, findings = read_chart(chart)
    talk.findings(findings)
    if as_json:
        talk.data([_as_dict(thread) for thread in threads])
        return
    rows = [(thread.hex, thread.brand, thread.code, thread.name) for thread in threads]
    _echo_swatches(table(("colour", "maker", "number", "name"), rows), [thread.hex for thread in threads])
    talk.say(f"\n{APPROXIMATE}")


@command.command("match")
@click.argument("color", metavar="COLOR")
@click.option(
    "--chart",
    metavar="NAME|FILE",
    help=f"Chart by name, or a .gpl or .csv file.  [default: what setup keeps, else {CHART}]",
)
@no_config
@click.option("--count", default=5, show_default=True, type=click.IntRange(1, 1000), help="How many.")
@json_option
def match(color: str, chart: str | None, count: int, as_json: bool) -> None:
    """Find the threads nearest to a colour, by CIEDE2000.

    COLOR is #rrggbb (in quotes: a shell takes # for a comment), rrggbb, or a name such as navy.
    """
    from embroider_prep.threads import load_chart, match_color

    found = match_color(color, load_chart(str(merge(None, {"chart": chart}).quantize.chart)), count)
    if as_json:
        Talk().data([{**_as_dict(thread), "delta_e": round(error, 2)} for thread, error in found])
        return
    rows = [(thread.hex, f"{error:.1f}", thread.brand, thread.code, thread.name) for thread, error in found]
    _echo_swatches(table(("colour", "ΔE", "maker", "number", "name"), rows, right=[1]), [t.hex for t, _ in found])


def _as_dict(thread: Thread) -> dict[str, Any]:
    return {
        "brand": thread.brand,
        "chart": thread.chart,
        "code": thread.code,
        "name": thread.name,
        "color": thread.hex,
        "weight_wt": thread.weight_wt,
    }


def _echo_swatches(text: str, colors: list[str]) -> None:
    head, *lines = text.splitlines()
    indent = "     " if colors and swatch(colors[0]) else ""
    click.echo(indent + head)
    for line, color in zip(lines, colors, strict=True):
        click.echo(swatch(color) + line)
