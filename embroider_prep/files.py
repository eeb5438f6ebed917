"""Opening files with errors in one line, and writing them so that nobody ever finds half of one."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO

from embroider_prep.errors import InputError, OutputError, closest
from embroider_prep.limits import MAX_FILE_BYTES, MAX_STREAM_BYTES
from embroider_prep.parts import Part, part_for, put_in_place

_waiting: ContextVar[list[Part] | None] = ContextVar("_waiting", default=None)
"""Temporary files of `all_or_none` and what they will be called."""


@contextmanager
def open_input(
    source: str | Path | bytes | BinaryIO, *, max_bytes: int = MAX_FILE_BYTES
) -> Iterator[tuple[BinaryIO, str]]:
    """Give a seekable binary file that is not empty, and its name for messages.

    Parameters
    ----------
    source : str, Path, bytes or binary stream
        A path; ``"-"`` is standard input. A stream is read to its end and left open.
    max_bytes : int
        The largest file; of a stream at most `limits.MAX_STREAM_BYTES` are taken.

    Raises
    ------
    InputError
        When there is no such file, it is a folder, empty, too large, or may not be read.
    """
    most = min(max_bytes, MAX_STREAM_BYTES)
    where: str | Path = getattr(source, "name", None) or "stream"
    if isinstance(source, str | Path):
        where = "standard input" if source == "-" else source
    elif not isinstance(where, str):
        # A file opened by its number has that for a name.
        where = "stream"
    try:
        if source == "-":
            file: BinaryIO = _in_memory(sys.stdin.buffer, most)
        elif isinstance(source, str | Path):
            file = Path(source).open("rb")  # noqa: SIM115, closed below
            if not file.seekable():
                with file:
                    file = _in_memory(file, most)
        elif isinstance(source, bytes | bytearray | memoryview):
            file = io.BytesIO(source)
        else:
            file = _in_memory(source, most)
    except (OSError, ValueError) as error:
        raise _input_error(where, error) from error
    with file:
        size = file.seek(0, os.SEEK_END)
        if not 0 < size <= max_bytes:
            what = f"{size} bytes; allowed are at most {max_bytes}" if size else "the file is empty (0 bytes)"
            raise InputError(f"{where}: {what}", hint="check that it was copied or downloaded to its end")
        file.seek(0)
        yield file, str(where)


def _in_memory(stream: Any, max_bytes: int) -> io.BytesIO:
    data = stream.read(max_bytes + 1)
    if not isinstance(data, bytes | bytearray):
        raise ValueError("a stream of text; allowed is a stream of bytes")
    if len(data) > max_bytes:
        raise ValueError(f"it has no end after {max_bytes:,} bytes")
    return io.BytesIO(data)


def _input_error(where: str | Path, error: OSError | ValueError) -> InputError:
    if isinstance(error, FileNotFoundError):
        with suppress(OSError):
            names = [item.name for item in Path(where).parent.iterdir()][:2000]
            return InputError(
                f"{where}: no such file", hint=closest(Path(where).name, names, otherwise="check the path")
            )
        return InputError(f"{where}: no such file; the folder is missing too", hint="check the path")
    if isinstance(error, IsADirectoryError):
        return InputError(f"{where}: this is a folder", hint="name a file in it")
    if isinstance(error, PermissionError):
        return InputError(f"{where}: permission to read it is missing", hint="check who owns the file")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else error
    return InputError(f"{where}: cannot read: {reason}", hint="check the path")


@contextmanager
def atomic_write(path: str | Path) -> Iterator[BinaryIO]:
    """Give a binary file to write to; it becomes ``path`` when the block ends without an error.

    Until then it has a temporary name in the same folder. After an error, Ctrl-C included, the temporary file is
    gone and what stood at ``path`` before is untouched. A link is followed; a device or pipe is written directly.

    Parameters
    ----------
    path : str or Path
        The file to write; its folder must exist.

    Raises
    ------
    OutputError
        When it cannot be written: no such folder, no permission, disk full.

    Examples
    --------
    >>> with atomic_write("design.txt") as file:  # doctest: +SKIP
    ...     file.write(b"stitches")
    """
    target = check_writable(path)
    callers: OSError | None = None
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as device:
                yield device
            return
        part = part_for(target)
        try:
            with part.open() as file:
                try:
                    yield file
                except OSError as error:
                    callers = error
                    raise
                file.flush()
                os.fsync(file.fileno())
            part.keep_mode()
            waiting = _waiting.get()
            if waiting is None:
                put_in_place([part])
                part.let_go()
            else:
                waiting.append(part)
        except BaseException:
            part.discard()
            raise
    except OSError as error:
        # A failed write names no file; another error of the caller's is not this room's to explain.
        if error is callers and (error.errno is None or error.filename is not None):
            raise
        raise _output_error(path, error) from error


@contextmanager
def all_or_none(guard: Callable[[Sequence[Part]], None] | None = None) -> Iterator[Sequence[Part]]:
    """Let the files that `atomic_write` makes in this block appear together when it ends, or none of them.

    A result has several files: when the disk is full at the last one, the first are not left behind. Renaming them is
    all that happens at the end, in the order in which they were written.

    Parameters
    ----------
    guard : callable (sequence of Part), optional
        Asked before the first file appears; what it raises leaves everything as it was. Inside another block its
        guard is asked, not this one.

    Yields
    ------
    sequence of Part
        What has been written so far.

    Raises
    ------
    OutputError
        As `atomic_write`.
    """
    outer = _waiting.get()
    if outer is not None:
        yield outer
        return
    waiting: list[Part] = []
    token = _waiting.set(waiting)
    try:
        yield waiting
        if guard is not None:
            guard(waiting)
        try:
            put_in_place(waiting)
        except OSError as error:
            raise _output_error(error.filename2, error) from error
    finally:
        _waiting.reset(token)
        for part in waiting:
            # Those that were renamed are no longer there.
            part.discard()


def check_writable(path: str | Path) -> Path:
    """Return the real path behind ``path`` when a file can probably be written there, before any work is done.

    Raises
    ------
    OutputError
        When the folder is missing, ``path`` is itself a folder, or permission is missing.
    """
    try:
        target = Path(path).resolve()
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not target.parent.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if not target.parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        # Renaming over a write-protected file would work; its owner has said no all the same.
        if not os.access(target if target.exists() else target.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, RuntimeError, ValueError) as error:
        if not isinstance(error, OSError):
            # A loop of links, or a zero byte in the name.
            error = OSError(errno.EINVAL, str(error))
        raise _output_error(path, error) from error
    return target


def _output_error(path: str | Path, error: OSError) -> OutputError:
    folder = Path(path).parent
    if error.errno == errno.EISDIR:
        return OutputError(f"{path}: cannot write: this is a folder", hint="add a file name")
    if error.errno == errno.ENOENT:
        return OutputError(f"{path}: cannot write: the folder {folder} does not exist", hint="make the folder first")
    if error.errno == errno.ENOTDIR:
        return OutputError(f"{path}: cannot write: {folder} is not a folder", hint="check the path")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(f"{path}: cannot write: permission denied", hint="write to a folder of your own")
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return OutputError(f"{path}: cannot write: the disk is full", hint="free some space or write elsewhere")
    return OutputError(f"{path}: cannot write: {error.strerror or error}", hint="write elsewhere")
