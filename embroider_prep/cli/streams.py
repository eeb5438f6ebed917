"""``-``: pictures to standard output, stitch files from standard input."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from embroider_prep.cli.early import STREAM, check_sources
from embroider_prep.cli.kinds import is_picture, not_a_design

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from embroider_prep.color import Rgb8
    from embroider_prep.design import Guide, IndexedImage
    from embroider_prep.pattern import Look


def show_picture(rgb8: Rgb8) -> None:
    """Show a picture in the terminal that standard output is."""
    import os
    import shutil

    from embroider_prep.errors import OptionsError
    from embroider_prep.preview.terminal import terminal_picture

    if not sys.stdout.isatty():
        raise OptionsError("--show: standard output is no terminal", hint="write a picture with -o picture.png")
    columns, rows = shutil.get_terminal_size()
    write_bytes(terminal_picture(rgb8, columns=columns, rows=rows, env=os.environ).encode("utf-8"))


def write_picture(
    rgb8: Rgb8, target: str, *, alpha: npt.NDArray[np.uint8] | None = None, px_per_mm: float | None = None
) -> None:
    """Write a picture to a file; as PNG to standard output and under a name without an ending.

    JPEG leaves out what is transparent.
    """
    from embroider_prep.picture import save_picture

    if target != STREAM and Path(target).suffix:
        keeps_alpha = Path(target).suffix.lower() not in (".jpg", ".jpeg")
        save_picture(rgb8, target, alpha=alpha if keeps_alpha else None, px_per_mm=px_per_mm)
        return
    from PIL import Image

    from embroider_prep.files import atomic_write
    from embroider_prep.picture.save import density

    image = Image.fromarray(rgb8)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    out = io.BytesIO()
    image.save(out, "PNG", **density("PNG", px_per_mm))
    if target == STREAM:
        write_bytes(out.getvalue())
        return
    with atomic_write(target) as file:
        file.write(out.getvalue())


def write_indexed_png(image: IndexedImage, target: str, guide: Guide) -> None:
    """Write an indexed PNG to a file or to standard output."""
    from embroider_prep.picture import write_indexed

    if target != STREAM:
        write_indexed(image, target, guide=guide)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "threads.png"
        write_indexed(image, path, guide=guide)
        write_bytes(path.read_bytes())


def write_bytes(data: bytes) -> None:
    """Write to standard output."""
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def read_design(source: str, form: str | None, *, force: bool) -> Look:
    """Read a stitch file; from standard input its content shows the format, or ``form`` names it."""
    from embroider_prep.errors import OptionsError
    from embroider_prep.pattern import look

    if source == STREAM:
        return look(source, format=form, force=force)
    if form is not None:
        raise OptionsError(f"--format {form}: only for -; a file's name says its format")
    check_sources(source)
    if is_picture(source):
        raise not_a_design(source)
    return look(source, force=force)
