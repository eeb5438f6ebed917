"""Stitch plans to look at: `render`, the labelled `strip`, where each hooping lies (`placement`), a player."""

from __future__ import annotations

from embroider_prep.preview.placement import placement
from embroider_prep.preview.player import make_player, player_data, save_player
from embroider_prep.preview.render import MARGIN_MM, render
from embroider_prep.preview.strip import picture_of_threads, strip
from embroider_prep.preview.terminal import terminal_picture
from embroider_prep.preview.thumbnail import thumbnail

__all__ = [
    "MARGIN_MM", "make_player", "picture_of_threads", "placement", "player_data", "render", "save_player", "strip",
    "terminal_picture", "thumbnail",
]  # fmt: skip
