"""Where Inkscape keeps what its user adds."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def profiles() -> tuple[Path, ...]:
    """Return the user's profile folders of every Inkscape that is there: packaged, Flatpak, Snap, macOS, Windows.

    Where none is found, the one that Inkscape will make.
    """
    home = Path.home()
    named = os.environ.get("INKSCAPE_PROFILE_DIR")
    if named:
        return (Path(named),)
    if sys.platform == "win32":
        usual = Path(os.environ.get("APPDATA") or home / "AppData/Roaming") / "inkscape"
    elif sys.platform == "darwin":
        usual = home / "Library/Application Support/org.inkscape.Inkscape/config/inkscape"
    else:
        usual = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "inkscape"
    packed = {
        home / ".var/app/org.inkscape.Inkscape": home / ".var/app/org.inkscape.Inkscape/config/inkscape",
        home / "snap/inkscape": home / "snap/inkscape/current/.config/inkscape",
    }
    found = [folder for there, folder in packed.items() if there.is_dir()]
    if usual.is_dir() or shutil.which("inkscape") or not found:
        found.insert(0, usual)
    return tuple(found)
