"""What comes in: counted while it streams, stopped when it is too much, too slow or broken off."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO

from starlette.requests import ClientDisconnect, Request

from embroider_prep.errors import EmbroiderPrepError
from embroider_prep.web.visitors import Visitor

MOST_UPLOAD_BYTES = 250_000_000
"""One photo: 48 megapixels are 30 MB as JPEG or HEIC, 144 MB as TIFF."""

MOST_UPLOADS = 4
"""At one time, of one visitor; a page sends one after the other."""

CHUNK_S = 20.0
"""Longest wait for the next piece."""

LEAST_BYTES_PER_S = 20_000
GRACE_S = 20.0
"""A transfer that is slower than that, after the first seconds, is ended."""

BUFFER_BYTES = 1 << 20


class UploadRefused(EmbroiderPrepError):
    """An upload that is not taken; the connection is closed, so that nobody sends the rest."""

    def __init__(self, message: str, hint: str, status: int) -> None:
        super().__init__(message, hint=hint)
        self.status = status


async def receive(request: Request, path: Path, visitor: Visitor, room: int) -> int:
    """Write the body of a request to a file and return its bytes; what is refused leaves nothing."""
    most = min(MOST_UPLOAD_BYTES, room)
    _check_length(request, most)
    if visitor.uploads >= MOST_UPLOADS:
        raise UploadRefused(f"{visitor.uploads} photos are on their way already", "send them one by one", 429)
    visitor.uploads += 1
    try:
        with path.open("xb") as file:
            total = await _stream(request, most, file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        visitor.uploads -= 1
    if not total:
        path.unlink(missing_ok=True)
        raise UploadRefused("the file is empty", "choose another one", 422)
    return total


async def small_body(request: Request, most: int) -> bytes:
    """Return the body of a request of at most that many bytes."""
    _check_length(request, most)
    parts: list[bytes] = []
    await _stream(request, most, parts)
    return b"".join(parts)


async def _stream(request: Request, most: int, into: BinaryIO | list[bytes]) -> int:
    total, held = 0, bytearray()
    loop = asyncio.get_running_loop()
    begin = loop.time()
    pieces = request.stream().__aiter__()
    while True:
        try:
            piece = await asyncio.wait_for(pieces.__anext__(), CHUNK_S)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise _slow() from None
        except ClientDisconnect:
            raise UploadRefused("the transfer broke off", "send it again", 400) from None
        total += len(piece)
        if total > most:
            raise _too_large(most)
        spent = loop.time() - begin
        if spent > GRACE_S and total < (spent - GRACE_S) * LEAST_BYTES_PER_S:
            raise _slow()
        if isinstance(into, list):
            into.append(piece)
            continue
        held += piece
        if len(held) >= BUFFER_BYTES:
            await asyncio.to_thread(into.write, bytes(held))
            held.clear()
    if held and not isinstance(into, list):
        await asyncio.to_thread(into.write, bytes(held))
    return total


def _check_length(request: Request, most: int) -> None:
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > most:
        raise _too_large(most)


def _too_large(most: int) -> UploadRefused:
    return UploadRefused(f"this is too large: allowed are {most / 1e6:,.0f} MB", "save the photo as JPEG", 413)


def _slow() -> UploadRefused:
    return UploadRefused("the transfer is too slow and was ended", "send it again", 408)
