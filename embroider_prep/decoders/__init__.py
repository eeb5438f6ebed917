"""Readers of stitch files of our own: they share no code with the library that writes the files.

They serve the proof of every file that is written, the tests, and reading: whole files at once with numpy, so that a
damaged or huge one is refused in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable

from embroider_prep.decoders import dst, exp, jef, needles, pec, vp3, xxx
from embroider_prep.decoders.common import Decoded
from embroider_prep.decoders.palettes import standin_thread

__all__ = ["DECODERS", "Decoded", "decode", "sniff", "standin_thread"]

DECODERS: dict[str, Callable[[bytes], Decoded]] = {
    "PES": pec.decode,
    "PEC": pec.decode,
    "DST": dst.decode,
    "JEF": jef.decode,
    "VP3": vp3.decode,
    "EXP": exp.decode,
    "XXX": xxx.decode,
    "U01": needles.decode_u01,
    "TBF": needles.decode_tbf,
}


def decode(data: bytes, name: str, *, dst_trim_jumps: int = 3) -> Decoded:
    """Decode a stitch file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Name of the format, a key of `DECODERS`.
    dst_trim_jumps : int
        Jumps in a row that count as a trim in a DST file.

    Raises
    ------
    FormatError
        When the header is not that of the format, or states what cannot be.
    """
    if name == "DST":
        return dst.decode(data, trim_jumps=dst_trim_jumps)
    return DECODERS[name](data)


def sniff(data: bytes) -> str | None:
    """Return the name of the format that a file's first bytes show, or None: EXP and others have no mark.

    JEF has none either; its header must agree with itself.
    """
    if data.startswith(pec.PEC_MAGIC):
        return "PEC"
    if data.startswith(pec.PES_MAGIC):
        return "PES"
    if data.startswith(vp3.MAGIC):
        return "VP3"
    if data.startswith(b"LA:") and len(data) >= dst.HEADER:
        return "DST"
    if data.startswith(b"3.00") and data[0x80:0x83] == b"LA:":
        return "TBF"
    start, colors = (int.from_bytes(data[at : at + 4], "little") for at in (0, 24))
    if len(data) > jef.HEADER and 0 < colors < jef.MAX_COLORS and start == jef.HEADER + 8 * colors:
        return "JEF"
    return None
