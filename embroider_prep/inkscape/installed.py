"""Our files in Inkscape's folders: written, listed and taken away again; nothing else is touched."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embroider_prep._version import __version__
from embroider_prep.errors import OutputError
from embroider_prep.files import atomic_write, check_writable
from embroider_prep.inkscape.folders import profiles
from embroider_prep.inkscape.menu import menu_files

FOLDER = "embroider-prep"
LIST = "embroider-prep.json"
"""Names every file that was written here, with its digest: what somebody has changed stays."""

PROGRAM = "embroider-prep-inkscape"


@dataclass(frozen=True, kw_only=True)
class Installed:
    """One profile folder of Inkscape: whether our extension is there, in which version, and its files."""

    profile: Path
    version: str = ""
    files: tuple[Path, ...] = ()

    @property
    def there(self) -> bool:
        return bool(self.files)


def status(folders: Iterable[str | Path] | None = None) -> tuple[Installed, ...]:
    """Return what is installed where.

    Parameters
    ----------
    folders : sequence of str or Path, optional
        Profile folders of Inkscape; default all that are found (also of Flatpak and Snap).
    """
    return tuple(_look(profile) for profile in _profiles(folders))


def install(folders: Iterable[str | Path] | None = None, *, palettes: bool = False) -> tuple[Installed, ...]:
    """Put our entries into the menu of every Inkscape of this user; again after an update.

    Parameters
    ----------
    folders : sequence of str or Path, optional
        As in `status`.
    palettes : bool
        Also the built-in thread charts, as palettes that Ink/Stitch and Inkscape know.

    Raises
    ------
    OutputError
        When a folder cannot be written, or holds something else under our name.
    """
    return tuple(_install(profile, palettes) for profile in _profiles(folders))


def uninstall(folders: Iterable[str | Path] | None = None) -> tuple[Installed, ...]:
    """Take away what `install` wrote, and return what that was. Files that somebody has changed stay.

    Raises
    ------
    OutputError
        When a file cannot be removed.
    """
    out = []
    for profile in _profiles(folders):
        before = _look(profile)
        _remove(profile, set())
        out.append(before)
    return tuple(out)


def _profiles(folders: Iterable[str | Path] | None) -> tuple[Path, ...]:
    return profiles() if folders is None else tuple(Path(folder) for folder in folders)


def _home(profile: Path) -> Path:
    return profile / "extensions" / FOLDER


def _listed(profile: Path) -> dict[str, Any]:
    try:
        table = json.loads((_home(profile) / LIST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    good = isinstance(table, dict) and isinstance(table.get("files"), dict)
    return table if good else {}


def _inside(profile: Path, name: str) -> Path | None:
    """Return the path of a listed file; None when it would lie elsewhere."""
    path = profile / name
    allowed = (_home(profile), profile / "palettes")
    return path if ".." not in Path(name).parts and path.parent in allowed else None


def _look(profile: Path) -> Installed:
    table = _listed(profile)
    paths = [_inside(profile, name) for name in table.get("files", {})]
    there = tuple(path for path in paths if path is not None and path.is_file())
    return Installed(profile=profile, version=str(table.get("version", "")) if there else "", files=there)


def _install(profile: Path, palettes: bool) -> Installed:
    home = _home(profile)
    if home.exists() and not _listed(profile) and any(home.iterdir()):
        raise OutputError(
            f"{home}: is there already, and was not written here", hint="move that folder away, then install again"
        )
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{home}: cannot be made: {error.strerror}", hint="check the folder's rights") from error
    check_writable(home / LIST)
    files = {f"extensions/{FOLDER}/{name}": data for name, data in _program().items()}
    files |= {f"extensions/{FOLDER}/{name}": data for name, data in menu_files(next(iter(_program()))).items()}
    if palettes:
        from embroider_prep.inkscape.palettes import palette_files

        files |= {
            f"palettes/{name}": data for name, data in palette_files(profile, set(_listed(profile).get("files", {})))
        }
    _remove(profile, set(files))
    digests = {}
    for name, data in files.items():
        path = profile / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(data)
        if path.name == PROGRAM:
            path.chmod(0o755)
        digests[name] = hashlib.sha256(data).hexdigest()
    with atomic_write(home / LIST) as file:
        file.write(json.dumps({"version": __version__, "files": digests}, indent=1).encode())
    return _look(profile)


def _program() -> dict[str, bytes]:
    """Return the program that stands beside the .inx files: Inkscape's PATH may know nothing of our environment.

    On Windows a copy of the installed one, which knows its Python; elsewhere a launcher: our own Python, without what
    Inkscape puts into its environment.
    """
    if os.name == "nt":
        own = Path(sys.executable).with_name(f"{PROGRAM}.exe")
        if not own.is_file():
            own = Path(sys.executable).parent / "Scripts" / f"{PROGRAM}.exe"
        try:
            return {f"{PROGRAM}.exe": own.read_bytes()}
        except OSError as error:
            raise OutputError(f"{own}: is missing", hint="install embroider-prep again with pip") from error
    place = str(Path(__file__).parents[2])
    code = f"import sys; sys.path.insert(0, {place!r}); from embroider_prep.inkscape.run import main; main()"
    # In a sandbox the program is on the other side.
    lines = [
        "#!/bin/sh",
        "# embroider-prep: called by Inkscape",
        "unset PYTHONPATH PYTHONHOME",
        'if [ -n "$FLATPAK_ID" ]; then',
        '  exec flatpak-spawn --host --env=DOCUMENT_PATH="$DOCUMENT_PATH" '
        f'{shlex.quote(sys.executable)} -I -c {shlex.quote(code)} "$@"',
        "fi",
        f'exec {shlex.quote(sys.executable)} -I -c {shlex.quote(code)} "$@"',
        "",
    ]
    return {PROGRAM: "\n".join(lines).encode()}


def _remove(profile: Path, keep: set[str]) -> None:
    """Remove the listed files that are as they were written, but for those that are written anew."""
    table = _listed(profile)
    for name, digest in table.get("files", {}).items():
        path = _inside(profile, name)
        if path is None or name in keep or not path.is_file() or path.is_symlink():
            continue
        try:
            if hashlib.sha256(path.read_bytes()).hexdigest() == digest:
                path.unlink()
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be removed: {error.strerror}", hint="check the folder's rights"
            ) from error
    if table and not keep:
        (_home(profile) / LIST).unlink(missing_ok=True)
        with suppress(OSError):
            # Only when nobody has put anything else there.
            _home(profile).rmdir()
