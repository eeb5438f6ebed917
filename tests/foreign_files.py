"""Files of every format that is only read, made byte by byte: a few stitches in two colours, and what ends them.

Each builder gets the needle points of its colour blocks as moves (x to the right, y down, in machine units) and returns
a file that a program of the trade could have written.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Sequence

Moves = Sequence[tuple[int, int]]

ZIGZAG: tuple[tuple[int, int], ...] = tuple((20 if k % 2 else -20, 10) for k in range(12))
BLOCKS: tuple[Moves, ...] = (ZIGZAG, tuple((30 if k % 2 else -30, -10) for k in range(9)))

DST_HEADER = b"LA:rose            \rST:%7d\rCO:%3d\r"


def _low(value: int) -> int:
    return value & 0xFF


def _signed_control(x: int, y: int, minus: tuple[int, int], control: int) -> int:
    """Bits of signs: x to the left, and y down (y of the files is up)."""
    return control | (minus[0] if x < 0 else 0) | (minus[1] if y > 0 else 0)


def _barudan(blocks: Sequence[Moves], *, base: int = 0x80) -> bytes:
    out = bytearray()
    for number, moves in enumerate(blocks):
        out += bytes((base | 0x60 | (9 + number), 0, 0))
        for x, y in moves:
            out += bytes((_signed_control(x, y, (0x20, 0x40), base), abs(y), abs(x)))
    return bytes(out) + bytes((base | 0x78, 0, 0))


def _zsk(blocks: Sequence[Moves], end: bytes = b"\0\0\x88") -> bytes:
    out = bytearray()
    for number, moves in enumerate(blocks):
        if number:
            out += bytes((0, 0, 0x83 + 2 * number))
        for x, y in moves:
            out += bytes((abs(y), abs(x), _signed_control(x, y, (0x40, 0x20), 0x80)))
    return bytes(out) + end


def _header(blocks: Sequence[Moves], size: int) -> bytes:
    count = sum(len(moves) for moves in blocks) + len(blocks)
    return (DST_HEADER % (count, len(blocks) - 1)).ljust(size, b" ")


def dsb(blocks: Sequence[Moves]) -> bytes:
    return _header(blocks, 512) + _barudan(blocks)


def dat_barudan(blocks: Sequence[Moves]) -> bytes:
    return _barudan(blocks)


def dsz(blocks: Sequence[Moves]) -> bytes:
    return _header(blocks, 512) + _zsk(blocks)


def fxy(blocks: Sequence[Moves]) -> bytes:
    return bytes(256) + _zsk(blocks)


def ksm(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(512)
    for number, moves in enumerate(blocks):
        out += bytes((0, 0, 0x8B + number)) + bytes((0, 0, 0x97))
        for x, y in moves:
            out += bytes((abs(y), abs(x), _signed_control(x, y, (0x40, 0x20), 0x80)))
    return bytes(out) + b"\0\0\x9b\0\0\x88"


def toyota_10o(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(b"\x8a\0\0")
    for number, moves in enumerate(blocks):
        if number:
            out += b"\x85\0\0"
        for x, y in moves:
            out += bytes((_signed_control(x, y, (0x20, 0x40), 0x80), abs(y), abs(x)))
    return bytes(out) + b"\x87\0\0"


def toyota_100(blocks: Sequence[Moves]) -> bytes:
    out = bytearray()
    for number, moves in enumerate(blocks):
        if number:
            out += b"\x60\0\0\0"
        for x, y in moves:
            out += bytes((0x61, 0, abs(x) | (0x80 if x < 0 else 0), abs(y) | (0x80 if y > 0 else 0)))
    return bytes(out)


def inb(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(0x2000)
    for number, moves in enumerate(blocks):
        if number:
            out += b"\0\0\x81"
        for x, y in moves:
            out += bytes((abs(x), abs(y), _signed_control(x, y, (0x40, 0x20), 0x80)))
    return bytes(out) + b"\0\0\x04"


def new(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(struct.pack("<H", sum(len(moves) for moves in blocks)))
    for number, moves in enumerate(blocks):
        if number:
            out += b"\0\0\x82"
        for x, y in moves:
            out += bytes((abs(x), abs(y), _signed_control(x, y, (0x40, 0x20), 0x80)))
    return bytes(out) + b"\0\0\x91"


def stc(blocks: Sequence[Moves]) -> bytes:
    count = sum(len(moves) for moves in blocks)
    out = bytearray(b"DESIGN: rose STITCHES: %4d." % count).ljust(40, b" ")
    for number, moves in enumerate(blocks):
        if number:
            out += bytes((0, 0, 2 + number))
        for x, y in moves:
            out += bytes((_low(x), _low(-y), 1))
    return bytes(out) + b"\0\0\x19"


def dat_sunstar(blocks: Sequence[Moves]) -> bytes:
    count = sum(len(moves) for moves in blocks) + len(blocks) - 1
    out = bytearray(b"\0\0" + struct.pack("<H", count)).ljust(256, b"\0")
    for number, moves in enumerate(blocks):
        if number:
            out += b"\0\0\x87"
        for x, y in moves:
            out += bytes((abs(x) | (0x80 if x < 0 else 0), abs(y) | (0x80 if y > 0 else 0), 7))
    return bytes(out) + b"\0\0\0"


def zxy(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(b"\0\0\x05head.")
    for number, moves in enumerate(blocks):
        if number:
            out += bytes((0x20, 0, number))
        for x, y in moves:
            out += bytes((_signed_control(x, y, (0x08, 0x04), 0), abs(x), abs(y)))
    return bytes(out) + b"\x20\xff\0"


def mit(blocks: Sequence[Moves]) -> bytes:
    """Moves of 0.2 mm: five bits each; an odd unit is cut off."""
    out = bytearray()
    for number, moves in enumerate(blocks):
        if number:
            out += b"\x40\x00"
        for x, y in moves:
            out += bytes((0x20 | abs(x) // 2 | (0x80 if x < 0 else 0), 0x60 | abs(y) // 2 | (0x80 if y > 0 else 0)))
    return bytes(out) + b"\0\0"


def _pairs(moves: Moves) -> bytes:
    return b"".join(bytes((_low(x), _low(-y))) for x, y in moves)


def sew(blocks: Sequence[Moves]) -> bytes:
    head = struct.pack(f"<{len(blocks) + 1}H", len(blocks), *(10 + 2 * k for k in range(len(blocks))))
    return head.ljust(0x1D78, b"\0") + b"\x80\x01\0\0".join(map(_pairs, blocks)) + b"\x80\x10\0\0"


def jpx(blocks: Sequence[Moves]) -> bytes:
    head = bytearray(0x3C)
    head[:4] = struct.pack("<I", 0x3C + 4 * len(blocks))
    head[0x20:0x24] = struct.pack("<I", len(blocks))
    head += b"".join(struct.pack("<I", 3 + 9 * k) for k in range(len(blocks)))
    return bytes(head) + b"\x80\x01\0\0".join(map(_pairs, blocks)) + b"\x80\x10\0\0"


def bro(blocks: Sequence[Moves]) -> bytes:
    head = b"U\x01".ljust(0x100, b"\0")
    return head + b"\x80\x01\x02\0\0\0\0".join(map(_pairs, blocks)) + b"\x80\x01\x7e\0\0\0\0"


def bro_needles(blocks: Sequence[Moves]) -> bytes:
    head = b"U\x01".ljust(0x100, b"\0")
    parts = [b"\x80\x01" + bytes((0xE1 + k,)) + b"\0\0\0\0" + _pairs(moves) for k, moves in enumerate(blocks)]
    return head + b"".join(parts) + b"\x80\x01\xe0"


def emd(blocks: Sequence[Moves]) -> bytes:
    return b"\0" * 0x30 + b"\x80\x7d" + b"\x80\x2a".join(map(_pairs, blocks)) + b"\x80\xad\x80\x90\x80\xfd"


def stx(blocks: Sequence[Moves]) -> bytes:
    head = b"STX1".ljust(12, b"\0") + struct.pack("<3I", 0x20, 0x20, 0x20)
    return head.ljust(0x20, b"\0") + b"\x80\x01\0\0".join(map(_pairs, blocks))


def places(blocks: Sequence[Moves]) -> list[list[tuple[int, int]]]:
    x = y = 0
    out = []
    for moves in blocks:
        out.append([])
        for dx, dy in moves:
            x, y = x + dx, y + dy
            out[-1].append((x, y))
    return out


def _three(value: int, order: str) -> bytes:
    return (value & 0xFFFFFF).to_bytes(3, order)


COLORS = ((0, 0, 200), (240, 216, 32))


def pcs(blocks: Sequence[Moves]) -> bytes:
    """Places in units of 1/6 mm: moves of multiples of 5/3 of a machine unit come back as they were."""
    head = b"\x32\x03" + struct.pack("<H", 16)
    for k in range(16):
        head += bytes(COLORS[k] if k < 2 else (255, 255, 255)) + b"\0"
    records = b""
    for number, points in enumerate(places(blocks)):
        records += bytes((number,)) + bytes(7) + b"\x03"
        for x, y in points:
            records += b"\0" + _three(round(x * 0.6), "little") + b"\0" + _three(round(-y * 0.6), "little") + b"\0"
    return head + struct.pack("<H", len(records) // 9) + records + bytes(8) + b"\x10"


def pcm(blocks: Sequence[Moves]) -> bytes:
    head = b"\0\0" + struct.pack(">HHH", 2, 8, 2)
    records = b""
    for number, points in enumerate(places(blocks)):
        if number:
            records += bytes(3) + bytes((number,)) + bytes(4) + b"\x01"
        for x, y in points:
            records += _three(round(x * 0.6), "big") + b"\0" + _three(round(-y * 0.6), "big") + b"\0\0"
    return head + struct.pack(">H", len(records) // 9) + records


def max_(blocks: Sequence[Moves]) -> bytes:
    points = [place for block in places(blocks) for place in block]
    out = bytearray(0xD5) + struct.pack("<I", len(points))
    for x, y in points:
        out += _three(round(x / 1.235), "little") + b"\0" + _three(round(y / 1.235), "little") + b"\0"
    return bytes(out)


def spx(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(0x11E)
    for moves in blocks:
        for x, y in moves:
            out += b"\0\0" + struct.pack(">hhb", -y, x, 0) + b"\0\0"
    return bytes(out)


def shv(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(0x56) + b"\x04rose" + bytes((4, 3)) + bytes(4) + bytes(2 * 4)
    out += bytes((len(blocks),)) + bytes(18)
    for number, moves in enumerate(blocks):
        out += struct.pack(">IB", len(moves), 1 + 2 * number) + bytes(9)
    del out[-2:]
    for moves in blocks:
        out += b"".join(bytes((_low(x), _low(y))) for x, y in moves)
    return bytes(out)


def _pec(blocks: Sequence[Moves]) -> bytes:
    out = bytearray()
    for number, moves in enumerate(blocks):
        if number:
            out += b"\xfe\xb0\x02"
        for x, y in moves:
            out += bytes((x & 0x7F, y & 0x7F))
    return bytes(out) + b"\xff\0"


def phb(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(b"#PHB0003").ljust(0x71, b"\0")
    out[0x54:0x58] = struct.pack("<I", 0x40)
    out += struct.pack("<H", len(blocks)) + bytes(5 + 2 * k for k in range(len(blocks)))
    out = out.ljust(0x52 + 0x40, b"\0") + struct.pack("<I", 4) + bytes(2)
    out += struct.pack("<I", 4)
    return bytes(out) + bytes(14) + bytes((len(blocks) - 1,)) + bytes(len(blocks) - 1 + 0x15) + _pec(blocks)


def phc(blocks: Sequence[Moves]) -> bytes:
    out = bytearray(b"#PHC0001").ljust(0x4D, b"\0")
    out += struct.pack("<H", len(blocks)) + bytes(5 + 2 * k for k in range(len(blocks)))
    out[0x2B] = 0x10
    out = out.ljust(0x60, b"\0")
    out[0x30:0x32] = struct.pack("<H", 0x50)
    out += struct.pack("<H", 2) + bytes(2) + struct.pack("<I", 3) + bytes(3 + 10)
    return bytes(out) + bytes((len(blocks) - 1,)) + bytes(len(blocks) - 1 + 0x1D) + _pec(blocks)


def pmv(blocks: Sequence[Moves]) -> bytes:
    """One group: x steps of six bits, y of five, in 0.25 mm; places of y count from the middle."""
    moves = [move for block in blocks for move in block]
    body = b"".join(bytes((round(x / 2.5) & 0x3F, 4 * (k % 2))) for k, (x, _) in enumerate(moves))
    return b"#PMV0001".ljust(0x64, b".") + struct.pack("<HH", len(moves), 2 * len(moves)) + body + b"\0\0\0\1"


def zhs(blocks: Sequence[Moves]) -> bytes:
    records = bytearray()
    for number, moves in enumerate(blocks):
        if number:
            records += b"\x04\0\0"
        for x, y in moves:
            up = -y
            first = x & 0x55 | up & 0xAA
            second = up & 0x55 | x & 0xAA
            records += bytes((2, first, second))
    records += b"\x80\0\0"
    head = bytearray(0x17)
    head[0x0F:0x17] = struct.pack("<II", 0x17, 0x17 + len(records))
    words = b"&$Maker&#Red&#123mm&$Maker&#Blue&#456mm"
    colors = COLORS[: len(blocks)]
    table = bytes((len(colors),)) + b"".join(map(bytes, colors))
    return bytes(head + records) + table + struct.pack("<H", len(words)) + words


def _dst(blocks: Sequence[Moves]) -> bytes:
    from pyembroidery.DstWriter import encode_record

    out = bytearray()
    for number, moves in enumerate(blocks):
        if number:
            out += b"\0\0\xc3"
        for x, y in moves:
            out += encode_record(x, y, 0)
    return bytes(out) + b"\0\0\xf3"


def dst(blocks: Sequence[Moves]) -> bytes:
    return _header(blocks, 512) + _dst(blocks)


def exy(blocks: Sequence[Moves]) -> bytes:
    return bytes(256) + _dst(blocks)


def _packed(values: Sequence[int]) -> bytes:
    """Pack bytes as blocks of one value each: a block of 54 bits whose three code tables have a single entry."""
    bits = ""
    for value, run in itertools.groupby(values):
        bits += f"{len(list(run)):016b}" + "0" * 10 + f"{0:09b}{value:09b}" + "0" * 10
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))


def hus(blocks: Sequence[Moves]) -> bytes:
    records: list[tuple[int, int, int]] = []
    for number, moves in enumerate(blocks):
        if number:
            records.append((0x84, 0, 0))
        records += [(0x80, _low(x), _low(-y)) for x, y in moves]
    records.append((0x90, 0, 0))
    parts = [_packed([record[column] for record in records]) for column in range(3)]
    start = 42 + 2 * len(blocks)
    places_ = (start, start + len(parts[0]), start + len(parts[0]) + len(parts[1]))
    head = struct.pack("<III4h3I8sH", 0x00C8AF5B, len(records), len(blocks), 0, 0, 0, 0, *places_, b"", 0)
    return head + struct.pack(f"<{len(blocks)}H", *range(1, 1 + len(blocks))) + b"".join(parts)


BUILDERS: dict[str, Callable[[Sequence[Moves]], bytes]] = {
    "a.dsb": dsb, "a.dat": dat_barudan, "b.dat": dat_sunstar, "a.dsz": dsz, "a.gt": dsz, "a.fxy": fxy, "a.f01": fxy,
    "a.ksm": ksm, "a.10o": toyota_10o, "a.100": toyota_100, "a.inb": inb, "a.new": new, "a.stc": stc, "a.zxy": zxy,
    "a.mit": mit, "a.sew": sew, "a.jpx": jpx, "a.bro": bro, "b.bro": bro_needles, "a.emd": emd, "a.stx": stx,
    "a.pcs": pcs, "a.pcd": pcs, "a.pcq": pcs, "a.pcm": pcm, "a.max": max_, "a.spx": spx, "a.shv": shv, "a.phb": phb,
    "a.phc": phc, "a.pmv": pmv, "a.zhs": zhs, "a.exy": exy, "a.tap": _dst,
    "a.hus": hus,
}  # fmt: skip
"""Names of files and what builds them: every format that is only read."""
