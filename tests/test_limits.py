"""The most that is taken from outside: each limit is asked where it is crossed, in one line and in no time."""

from __future__ import annotations

import ast
import io
from contextlib import suppress
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from PIL import Image

import embroider_prep
from embroider_prep import limits
from embroider_prep.errors import EmbroiderPrepError, InputError, OptionsError
from embroider_prep.files import open_input
from embroider_prep.machines import find_machine
from embroider_prep.options import ConvertOptions, SizeOptions, read_options
from embroider_prep.picture import read_indexed, to_working_size
from embroider_prep.pipeline import digitize
from embroider_prep.reading import read_working
from embroider_prep.threads import load_chart, read_spools


def test_every_limit_has_its_reason_and_is_asked_somewhere() -> None:
    tree = ast.parse(Path(limits.__file__).read_text(encoding="utf-8"))
    lines = [node for node in tree.body[1:] if not isinstance(node, ast.ImportFrom)]
    names = [node.targets[0].id for node in lines[::2] if isinstance(node, ast.Assign)]  # type: ignore[attr-defined]
    assert len(names) == len(lines) / 2
    assert all(isinstance(node, ast.Expr) for node in lines[1::2])
    rooms = [path.read_text(encoding="utf-8") for path in Path(embroider_prep.__file__).parent.rglob("*.py")]
    assert {name for name in names if sum(name in text for text in rooms) < 2} == set()


@pytest.mark.parametrize("shape", [(100_000, 8), (8, 100_000)])
@pytest.mark.parametrize("size", [{"width_mm": 20}, {"height_mm": 20}, {"width_mm": 1000}, {"height_mm": 1000}, {}])
def test_slim_pictures(shape: tuple[int, int], size: dict[str, float]) -> None:
    picture = np.zeros((*shape, 3), np.uint8)
    with pytest.raises(OptionsError, match=r"is a design of .* mm; allowed are 5 to 1500 mm on each side"):
        read_working(picture, ConvertOptions(size=SizeOptions(**size)))


def test_slim_pictures_in_threads() -> None:
    from embroider_prep.design import IndexedImage, Thread

    thread = Thread(brand="", chart="", code="1", name="", rgb8=(0, 0, 0))
    slim = IndexedImage(labels=np.zeros((20_000, 8), np.uint8), threads=(thread,), px_per_mm=6)
    with pytest.raises(OptionsError, match="is a design of"):
        digitize(slim)


def test_the_working_picture() -> None:
    picture = np.zeros((1000, 1000, 3), np.uint8)
    with pytest.raises(OptionsError, match="allowed are at most 24 megapixels") as caught:
        to_working_size(picture, width_mm=1000, px_per_mm=6)
    # What the hint says does it.
    scale = float(caught.value.hint.split()[1].rstrip(","))
    rows, columns = to_working_size(picture[:, :, 0], width_mm=1000, px_per_mm=scale).shape
    assert 20e6 < rows * columns <= 24e6


def test_large_pictures_in_threads() -> None:
    out = io.BytesIO()
    Image.new("P", (5000, 5000)).save(out, "PNG")
    with pytest.raises(InputError, match="allowed are at most 24"):
        read_indexed(out.getvalue())


class Endless(io.RawIOBase):
    """A stream without an end, that counts."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        assert size >= 0
        self.given += size
        return bytes(size)


def test_a_stream_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embroider_prep.files.MAX_STREAM_BYTES", 1 << 20)
    stream = Endless()
    with pytest.raises(InputError, match="it has no end after 1,048,576 bytes"), open_input(stream):  # type: ignore[arg-type]
        pass
    assert stream.given == (1 << 20) + 1


@pytest.mark.parametrize("name", ["a.csv", "a.gpl"])
@pytest.mark.parametrize("word", ["x", "word,", "1\n", "7 ", "=", '"', "#", "1,2,3\n", ",\n", "0 0 0\n"])
def test_charts_and_spools_of_one_word(name: str, word: str, tmp_path: Path) -> None:
    """Four megabytes of nothing much are read or refused in no time."""
    path = tmp_path / name
    chart = load_chart("brother")
    for head in ("", "number,name,hex\n", "GIMP Palette\n"):
        path.write_text(head + word * (limits.MAX_TEXT_BYTES // len(word) - 20))
        for read in (lambda: load_chart(path), lambda: read_spools(path, chart)):
            start = process_time()
            with suppress(EmbroiderPrepError):
                read()
            assert process_time() - start < 10
    path.write_text(word * limits.MAX_TEXT_BYTES)
    if len(word) > 1:
        with pytest.raises(InputError, match="allowed are at most"):
            load_chart(path)


@pytest.mark.parametrize("word", ["a = 1\n", "a", "[", "a=[[", "[a]\n", "[[hoop]]\n", "#", '"', "a.b = 1\n", "\n"])
def test_toml_of_one_word(word: str, tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(word * ((limits.MAX_TABLE_BYTES - 1) // len(word)))
    for read in (find_machine, read_options):
        start = process_time()
        with suppress(EmbroiderPrepError):
            read(path)
        assert process_time() - start < 10
