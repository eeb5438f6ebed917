"""Where photos come from and results go: a folder, or any address that fsspec knows (``s3://``, ``gs://`` …).

A place never shows half a file, and of a set of files the report comes last: whoever finds it finds the others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from embroider_prep.errors import InputError, MissingExtra, OutputError
from embroider_prep.files import all_or_none, atomic_write, open_input
from embroider_prep.targets import Guard

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Say whether a text is an address such as ``s3://bucket/folder``, not the name of a file."""
    return _ADDRESS.match(text) is not None


@cache
def _system(address: str, process: int) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtra(
            f"{address}: addresses need the package fsspec, which is not installed",
            hint="pip install 'embroider-prep[cluster]'",
        ) from error
    try:
        system, path = url_to_fs(address)
    except ImportError as error:
        raise MissingExtra(f"{address}: {error}", hint="install the package that it names") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{address}: {error}", hint="an address is written as s3://bucket/folder") from error
    return system, path


def system_of(address: str) -> tuple[Any, str]:
    """Return fsspec's file system for an address, and the path in it; connections belong to one process.

    Raises
    ------
    MissingExtra
        When fsspec, or its package for this kind of address, is not installed.
    InputError
        When there is no such kind of address.
    """
    return _system(address, os.getpid())


def read_source(source: str) -> bytes:
    """Return the content of a photo's file.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    if not is_address(source):
        with open_input(source) as (file, _):
            return file.read()
    system, path = system_of(source)
    try:
        data = system.cat_file(path)
    except Exception as error:
        # Each kind of storage raises errors of its own.
        raise InputError(f"{source}: cannot read: {_reason(error)}", hint="check the address") from error
    if not data:
        raise InputError(f"{source}: the file is empty (0 bytes)", hint="check that it was copied to its end")
    return bytes(data)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def list_address(address: str) -> Iterator[tuple[str, int]]:
    """Give all files below an address, or those that a pattern with ``*`` names, as (address, bytes)."""
    system, path = system_of(address)
    kind = address.partition("://")[0]
    try:
        found = system.glob(path, detail=True) if "*" in path else system.find(path, detail=True)
    except Exception as error:
        raise InputError(f"{address}: cannot list: {_reason(error)}", hint="check the address") from error
    for name in sorted(found):
        yield f"{kind}://{name.lstrip('/') if kind != 'file' else name}", int(found[name].get("size") or 0)


@dataclass(frozen=True)
class Folder:
    """A folder on this computer, or one that all computers see."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def local(self, name: str) -> Path:
        """Return the path of a file; its folder is made.

        Raises
        ------
        OutputError
            When it cannot be made.
        """
        target = self.path / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{target.parent}: cannot make the folder: {error.strerror or error}", hint="name another folder"
            ) from error
        return target

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None when there is none."""
        try:
            return (self.path / name).read_bytes()
        except OSError:
            return None

    def has(self, name: str) -> bool:
        """Say whether there is such a file."""
        return (self.path / name).is_file()

    def write(self, files: Mapping[str, bytes], guard: Guard | None = None) -> None:
        """Write files: all of them or none; ``guard`` as in `files.all_or_none`."""
        with all_or_none(guard):
            for name, data in files.items():
                with atomic_write(self.local(name)) as file:
                    file.write(data)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with suppress(OSError):
            (self.path / name).unlink()


@dataclass(frozen=True)
class Remote:
    """A place with an address: each file is put there in one step, in the order in which they are given."""

    address: str

    def __str__(self) -> str:
        return self.address

    def _path(self, name: str) -> tuple[Any, str]:
        system, path = system_of(self.address)
        return system, f"{path.rstrip('/')}/{name}"

    def local(self, name: str) -> Path | None:
        """Return None: nothing here has a path."""
        return None

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None when there is none."""
        system, path = self._path(name)
        try:
            return bytes(system.cat_file(path))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise OutputError(f"{self}/{name}: cannot read: {_reason(error)}", hint="check the address") from error

    def has(self, name: str) -> bool:
        """Say whether there is such a file."""
        system, path = self._path(name)
        try:
            return bool(system.isfile(path))
        except Exception as error:
            raise OutputError(f"{self}/{name}: cannot look: {_reason(error)}", hint="check the address") from error

    def write(self, files: Mapping[str, bytes], guard: Guard | None = None) -> None:
        """Write files one after the other; at an address everything is taken for ours."""
        for name, data in files.items():
            system, path = self._path(name)
            try:
                if system.protocol == "file" or "file" in system.protocol:
                    # The one kind that shows half a file while it is written.
                    Folder(Path(path).parent).write({Path(path).name: data})
                else:
                    system.pipe_file(path, data)
            except OutputError:
                raise
            except Exception as error:
                raise OutputError(
                    f"{self}/{name}: cannot write: {_reason(error)}", hint="check the address and its permissions"
                ) from error

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        system, path = self._path(name)
        with suppress(Exception):
            system.rm_file(path)


Place = Folder | Remote


def place_at(output: str | Path) -> Place:
    """Return the place of an address or a folder."""
    return Remote(str(output).rstrip("/")) if is_address(str(output)) else Folder(Path(output))
