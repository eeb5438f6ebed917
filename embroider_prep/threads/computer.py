"""Charts that Ink/Stitch and Inkscape keep on this computer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Below Inkscape's own folder: its palettes, those of extensions, and those inside Ink/Stitch's program folder.
_INSIDE = ("palettes", "extensions/palettes", "extensions/*/palettes", "extensions/*/*/palettes",
           "extensions/*/inkstitch/bin/palettes", "extensions/inkstitch/inkstitch/bin/palettes")  # fmt: skip


def profile_folders() -> Iterator[Path]:
    """Yield the folders where Inkscape keeps its user's and its own files; most do not exist."""
    home = Path.home()
    if os.environ.get("INKSCAPE_PROFILE_DIR"):
        yield Path(os.environ["INKSCAPE_PROFILE_DIR"])
    # Linux; flatpak and snap keep a home of their own.
    yield Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "inkscape"
    yield home / ".config/inkscape"
    yield home / ".var/app/org.inkscape.Inkscape/config/inkscape"
    yield home / "snap/inkscape/current/.config/inkscape"
    yield home / "snap/inkscape/common/.config/inkscape"
    # macOS
    yield home / "Library/Application Support/org.inkscape.Inkscape/config/inkscape"
    yield home / "Library/Application Support/inkscape"
    yield Path("/Applications/Inkscape.app/Contents/Resources/share/inkscape")
    # Windows
    for variable in ("APPDATA", "LOCALAPPDATA"):
        if os.environ.get(variable):
            yield Path(os.environ[variable]) / "inkscape"
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432"):
        if os.environ.get(variable):
            yield Path(os.environ[variable]) / "Inkscape" / "share" / "inkscape"
    # What the system has for all of its users.
    for base in (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(os.pathsep):
        if base:
            yield Path(base) / "inkscape"
    yield Path("/usr/share/inkscape")
    yield Path("/var/lib/flatpak/app/org.inkscape.Inkscape/current/active/files/share/inkscape")
    yield home / ".local/share/flatpak/app/org.inkscape.Inkscape/current/active/files/share/inkscape"
    yield Path("/snap/inkscape/current/share/inkscape")


def chart_files() -> dict[str, Path]:
    """Return the palettes of Ink/Stitch and Inkscape by name, as far as there are any."""
    return _files(tuple(profile_folders()))


@cache
def _files(folders: tuple[Path, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in dict.fromkeys(folders):
        for inside in _INSIDE:
            try:
                paths = sorted(folder.glob(f"{inside}/*.gpl"))
            except OSError:
                # Not ours to read.
                continue
            for path in paths:
                found.setdefault(path.stem, path)
    return found
