"""The local page: a photo becomes an embroidery by looking and pointing, in a browser on this computer.

`serve` starts a server (extra ``web``); the work is done by processes of its own (`jobs`, `worker`, `work`, `results`),
which call the package's public names.
"""

from __future__ import annotations

from embroider_prep.web.server import PORT, serve

__all__ = ["PORT", "serve"]
