"""Thread charts: built in, of other programs on this computer, GIMP palettes, CSV files; and lists of own spools."""

from __future__ import annotations

from embroider_prep.threads.catalog import (
    ChartInfo,
    chart_colors,
    chart_info,
    chart_title,
    list_charts,
    load_chart,
    read_chart,
)
from embroider_prep.threads.choice import Choice, choose_from, threads_there
from embroider_prep.threads.match import find_thread, match_color
from embroider_prep.threads.spools import read_measured, read_spools

__all__ = [
    "ChartInfo",
    "Choice",
    "chart_colors",
    "chart_info",
    "chart_title",
    "choose_from",
    "find_thread",
    "list_charts",
    "load_chart",
    "match_color",
    "read_chart",
    "read_measured",
    "read_spools",
    "threads_there",
]
