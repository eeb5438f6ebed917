"""Inkscape's menu: Extensions > Embroidery, stitch files opened and saved; installed into the user's own folders.

Inkscape calls `inkscape.run` as a program of its own: neither inkex nor a second Python is needed.
"""

from embroider_prep.inkscape.installed import Installed, install, status, uninstall

__all__ = ["Installed", "install", "status", "uninstall"]
