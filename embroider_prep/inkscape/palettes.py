"""Our charts as palettes for Ink/Stitch and Inkscape."""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path


def palette_files(profile: Path, ours: Set[str]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of a palette for each built-in chart that is not there already under its name.

    ``ours`` are files that an earlier installation wrote. Ink/Stitch looks for ``InkStitch NAME.gpl``.
    """
    from embroider_prep.threads import list_charts, load_chart

    folder = profile / "palettes"
    for chart in list_charts():
        title = chart.title or chart.name
        name = f"InkStitch {title}.gpl".replace("/", "-")
        if (folder / name).exists() and f"palettes/{name}" not in ours:
            continue
        lines = ["GIMP Palette", f"Name: Ink/Stitch: {title}", "Columns: 4", "# RGB Value    Color Name Number"]
        for thread in load_chart(chart.name):
            red, green, blue = thread.rgb8
            lines.append(f"{red:3d} {green:3d} {blue:3d}    {thread.name}    {thread.code}")
        yield name, ("\n".join(lines) + "\n").encode()
