"""The jobs of a worker: read a photo, try six ways, convert. Results are files in the visitor's folder, and tables."""

from __future__ import annotations

import errno
import json
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from embroider_prep.conversion import Conversion
from embroider_prep.errors import EmbroiderPrepError
from embroider_prep.options import ConvertOptions
from embroider_prep.picture.load import load
from embroider_prep.session import Session
from embroider_prep.web.summary import candidate_row, summary
from embroider_prep.web.worker import Talk

KEPT_PHOTOS = 2
"""Photos whose stages a worker keeps."""

SHOWN_PX = 1400
"""Longest side of the photo that the page shows."""

MASK_PX = 512

_sessions: OrderedDict[str, Session] = OrderedDict()


def run(kind: str, values: dict[str, Any], talk: Talk) -> Any:
    """Do one job."""
    from embroider_prep.web import results

    jobs: dict[str, Callable[..., Any]] = {
        "warm": warm, "look": look, "try": try_ways, "convert": convert,
        "tile": results.tile, "thread": results.thread, "settle": results.settle, "order": results.order,
        "near": results.near, "before": results.before, "file": results.file, "moving": results.moving,
    }  # fmt: skip
    return jobs[kind](talk=talk, **values)


def words(error: BaseException, values: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return message, hint and kind of what went wrong, without names of this computer's folders."""
    if isinstance(error, MemoryError) or type(error).__name__ == "_ArrayMemoryError" or _is_memory(error):
        return "there is not enough memory for this", "try a smaller design, or a smaller photo", "memory"
    if isinstance(error, OSError) and error.errno in (
        errno.ENOSPC,
        errno.EFBIG,
        getattr(errno, "EDQUOT", errno.ENOSPC),
    ):
        return "there is not enough room on the disk for this", "remove some photos, or try a smaller design", "disk"
    if not isinstance(error, EmbroiderPrepError):
        # A bug: its traceback is for us, on the server's terminal, and not for the page.
        import traceback

        return (
            "something went wrong here: this is a fault of the program",
            "",
            "bug:" + "".join(traceback.format_exception(error)),
        )
    hide = _hidden(values)
    return hide(error.message), hide(error.hint), type(error).__name__


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, cv2.error) and "Insufficient memory" in str(error)


def _hidden(values: Mapping[str, Any]) -> Callable[[str], str]:
    paths = {str(values.get(name, "")): shown for name, shown in (("photo", str(values.get("name", "photo"))),)}
    folder = str(values.get("folder", ""))

    def hide(text: str) -> str:
        for path, shown in paths.items():
            text = text.replace(path, shown) if path else text
        return text.replace(folder + "/", "") if folder else text

    return hide


def warm(*, talk: Talk, light: bool) -> None:
    """Load what the first job needs; a photo that waits meanwhile is not kept waiting long."""
    from embroider_prep.threads import list_charts, load_chart

    if light:
        for info in list_charts():
            load_chart(info.name)
        return
    made = Session(np.tile(np.array([[[200, 60, 40]], [[40, 60, 200]]], np.uint8), (12, 24, 1)))
    made.convert(width_mm=12.0, threads=2).preview()


def look(*, talk: Talk, photo: str, name: str, folder: str) -> dict[str, Any]:
    """Read a photo as the file has it, save it small for the page, and say what it shows."""
    picture = load(photo)
    talk.check()
    height, width = picture.rgb8.shape[:2]
    scale = min(1.0, SHOWN_PX / max(height, width))
    small = cv2.resize(
        picture.rgb8, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA
    )
    if picture.alpha is not None:
        alpha = cv2.resize(picture.alpha, small.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None] / 255
        small = (small * alpha + 255 * (1 - alpha)).astype(np.uint8)
    save_jpeg(small, Path(folder) / "photo.jpg")
    thumb = cv2.resize(small, _within(small.shape, 160), interpolation=cv2.INTER_AREA)
    save_jpeg(thumb, Path(folder) / "thumb.jpg")
    return {"width": width, "height": height}


def try_ways(*, talk: Talk, photo: str, name: str, folder: str, values: dict[str, Any]) -> dict[str, Any]:
    """Make the six ways, each told as soon as it is there; then say which faces and what subject were found."""
    options = options_of(values, folder)
    session = _session(photo, name)
    talk.step("read", 0, 1)
    found = session.photo(options)
    scene = describe_scene(found, Path(folder))
    talk.part({"scene": scene})
    for number, one in enumerate(session.candidates(options, progress=talk.step)):
        file = f"way{number}.jpg"
        save_jpeg(one.preview(), Path(folder) / file)
        talk.part({"way": candidate_row(one, file)})
    return {}


def describe_scene(found: Any, folder: Path) -> dict[str, Any]:
    """Return faces as boxes of the whole photo, and save the subject's mask."""
    left, top, right, bottom = found.crop
    wide, high = right - left, bottom - top

    def box(of: tuple[float, float, float, float]) -> list[float]:
        return [left + of[0] * wide, top + of[1] * high, left + of[2] * wide, top + of[3] * high]

    out: dict[str, Any] = {
        "faces": [{"kind": face.kind, "box": box(face.box)} for face in found.scene.faces],
        "crop": list(found.crop),
        "subject": False,
    }
    subject = found.scene.subject
    if subject is not None and (subject >= 0.5).any():
        rows, columns = found.picture.rgb8.shape[:2]
        whole = np.zeros((max(1, round(MASK_PX * rows / max(rows, columns) / high)),
                          max(1, round(MASK_PX * columns / max(rows, columns) / wide))), np.uint8)  # fmt: skip
        height, width = whole.shape
        x0, y0, x1, y1 = round(left * width), round(top * height), round(right * width), round(bottom * height)
        inside = cv2.resize(subject, (max(1, x1 - x0), max(1, y1 - y0)), interpolation=cv2.INTER_LINEAR) >= 0.5
        whole[y0 : y0 + inside.shape[0], x0 : x0 + inside.shape[1]] = inside * np.uint8(255)
        cv2.imwrite(str(folder / "subject.png"), whole)
        out["subject"] = True
    return out


def convert(
    *, talk: Talk, photo: str, name: str, folder: str, values: dict[str, Any], result: str, edits: list[Any]
) -> dict[str, Any]:
    """Convert, and keep the conversion in the file ``result``."""
    session = _session(photo, name)
    if "mask" in values and isinstance(values.get("crop"), str):
        # A mask lies over the whole photo: which part of it a word means has to be known.
        plain = {key: value for key, value in values.items() if key != "mask"}
        values = {**values, "crop": session.photo(options_of(plain, folder)).crop}
    options = options_of(values, folder)
    made = session.convert(options, progress=talk.step)
    talk.step("write", 0, 1)
    made = replace(made, sources=())
    return {**keep(made, Path(folder) / result), "ran": list(session.ran)}


def keep(made: Conversion, path: Path) -> dict[str, Any]:
    """Write a conversion for the other workers and return what the page shows of it."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(pickle.dumps(made, pickle.HIGHEST_PROTOCOL))
    part.replace(path)
    return summary(made)


def options_of(values: Mapping[str, Any], folder: str) -> ConvertOptions:
    """Return the options of values that `choices.checked` has let through; masks and spools become files."""
    flat = dict(values)
    mask = flat.pop("mask", None)
    if mask is not None:
        flat["background_mask"] = mask_file(mask, flat, Path(folder))
    spools = flat.pop("spool_list", None)
    if spools:
        path = Path(folder) / "spools.txt"
        if not path.is_file() or path.read_text(encoding="utf-8") != spools:
            path.write_text(spools, encoding="utf-8")
        flat["spools"] = str(path)
    return ConvertOptions().with_values(flat)


def mask_file(mask: Mapping[str, Any], values: Mapping[str, Any], folder: Path) -> str:
    """Return the picture that `convert` takes as ``background_mask``: what was painted, cropped and turned."""
    file = folder / f"mask-{mask['digest']}.bin"
    whole = np.frombuffer(file.read_bytes(), np.uint8).reshape(mask["height"], mask["width"])
    box = values.get("crop") if not isinstance(values.get("crop"), str) else None
    left, top, right, bottom = box or (0.0, 0.0, 1.0, 1.0)
    height, width = whole.shape
    x0, y0 = min(round(left * width), width - 1), min(round(top * height), height - 1)
    part = whole[y0 : max(y0 + 1, round(bottom * height)), x0 : max(x0 + 1, round(right * width))]
    turned = np.ascontiguousarray(np.rot90(part, -int(values.get("rotate", "0")) // 90))
    key = json.dumps([mask["digest"], box, values.get("rotate", "0")])
    path = folder / f"mask-{abs(hash_text(key)):x}.png"
    if not path.is_file():
        cv2.imwrite(str(path), turned)
    return str(path)


def hash_text(text: str) -> int:
    """Return a number for a text, the same in every process."""
    import hashlib

    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def save_jpeg(rgb8: Any, path: Path, quality: int = 88) -> None:
    """Write a picture for the page; made of pixels alone, it holds nothing else of the photo's file."""
    path.write_bytes(jpeg(rgb8, quality))


def jpeg(rgb8: Any, quality: int = 88) -> bytes:
    """Return a picture as JPEG."""
    data: bytes = cv2.imencode(".jpg", rgb8[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    return data


def _within(shape: tuple[int, ...], most: int) -> tuple[int, int]:
    scale = min(1.0, most / max(shape[:2]))
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _session(photo: str, name: str) -> Session:
    if photo in _sessions:
        _sessions.move_to_end(photo)
    else:
        while len(_sessions) >= KEPT_PHOTOS:
            _sessions.popitem(last=False)
        _sessions[photo] = Session(photo, name=name)
    return _sessions[photo]
