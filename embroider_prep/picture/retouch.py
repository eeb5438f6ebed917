"""Colours of an indexed picture back to threads, whatever a paint program made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from embroider_prep.color import delta_e, lab_from_rgb8
from embroider_prep.design import FABRIC, Finding, Thread
from embroider_prep.errors import InputError

Labels = npt.NDArray[np.uint8]
Indices = npt.NDArray[np.intp]

MAIN_SHARE = 0.001
"""Least share of the pixels that makes a colour one of the picture's own and not the seam between two."""

MIN_MAIN_SHARE, MIN_MAIN_SHARE_UNKNOWN = 0.3, 0.7
"""Least share of the pixels that must have such a colour, with and without a list of threads: smoothed borders leave
more of them, photos fewer (a photo may well have a flat background)."""

NEW_THREAD_GAIN = 1.0
"""How much nearer (ΔE; about 1 is just noticeable) a thread of the chart must be to become one of the design's."""

SHOWN = 5
BATCH = 4096


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What the text chunk says about the picture as it was written."""

    threads: tuple[Thread, ...]
    px_per_mm: float
    width: int
    height: int
    fabric: tuple[int, int, int]
    guide: bool

    @property
    def width_mm(self) -> float:
        return self.width / self.px_per_mm


@dataclass(frozen=True, kw_only=True)
class Colors:
    """The colours in a picture: ``rgb8`` (n, 3), ``clear`` (n,) bool, ``counts`` (n,) of pixels; ``index`` (H, W)."""

    rgb8: npt.NDArray[np.uint8]
    clear: npt.NDArray[np.bool_]
    counts: Indices
    index: Indices
    exact: bool
    """True when the file has a palette, whose entries somebody chose: then there are no smoothed borders."""


def match_colors(
    picture: Image.Image, where: str, sheet: Sheet | None, chart: tuple[Thread, ...]
) -> tuple[Labels, tuple[Thread, ...], tuple[Finding, ...]]:
    """Return labels, threads and findings of a picture, by the list of threads that came with it or without one."""
    if picture.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        raise _no_indexed(where, f"pixels of kind {picture.mode}")
    colors = _colors(picture)
    main = colors.counts >= MAIN_SHARE * colors.index.size
    least = MIN_MAIN_SHARE_UNKNOWN if sheet is None else MIN_MAIN_SHARE
    if not colors.exact and colors.counts[main].sum() < least * colors.index.size:
        raise _no_indexed(where, f"{np.count_nonzero(colors.counts)} colours")
    if sheet is not None:
        label_of, threads, findings = _by_sheet(colors, sheet, chart)
    else:
        label_of, threads, findings = _without_sheet(colors, chart)
    return label_of.astype(np.uint8)[colors.index], threads, findings


def _colors(picture: Image.Image) -> Colors:
    if picture.mode == "P":
        index = np.asarray(picture).astype(np.intp)
        palette = np.zeros((256, 4), np.uint8)
        flat = np.array(picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)[:256]
        palette[: len(flat), :3] = flat
        palette[:, 3] = 255
        clear = picture.info.get("transparency", b"")
        if isinstance(clear, int):
            palette[clear, 3] = 0
        else:
            palette[: len(clear), 3] = np.frombuffer(clear, np.uint8)
    else:
        pixels = np.ascontiguousarray(np.asarray(picture.convert("RGBA"))).view(np.uint32)[..., 0]
        values, index = np.unique(pixels, return_inverse=True)
        index = index.reshape(pixels.shape)
        palette = values.view(np.uint8).reshape(-1, 4)
    return Colors(
        rgb8=palette[:, :3],
        clear=palette[:, 3] < 128,
        counts=np.bincount(index.reshape(-1), minlength=len(palette)),
        index=index,
        exact=picture.mode == "P",
    )


def _by_sheet(
    colors: Colors, sheet: Sheet, chart: tuple[Thread, ...]
) -> tuple[Indices, tuple[Thread, ...], tuple[Finding, ...]]:
    threads = sheet.threads
    label_of = np.full(len(colors.rgb8), FABRIC, np.intp)
    first: dict[tuple[int, ...], int] = {sheet.fabric: FABRIC}
    for label in reversed(range(len(threads))):
        first[threads[label].rgb8] = label
    new = []
    for i in np.flatnonzero((colors.counts > 0) & ~colors.clear):
        rgb = tuple(int(level) for level in colors.rgb8[i])
        if colors.exact and i < len(threads) and threads[i].rgb8 == rgb:
            # Two threads may have one colour; the palette still knows which is meant.
            label_of[i] = i
        elif rgb in first:
            label_of[i] = first[rgb]
        else:
            new.append(i)
    if not new:
        return label_of, threads, ()
    fresh = np.array(new)
    lab = lab_from_rgb8(colors.rgb8[fresh])
    if chart:
        known = {(thread.brand, thread.code) for thread in threads}
        others = tuple(thread for thread in chart if (thread.brand, thread.code) not in known)
        drawn = colors.counts[fresh] >= sheet.px_per_mm**2
        if not colors.exact:
            drawn &= _filled(colors)[fresh]
        threads = _with_new_threads(lab[drawn], threads, others)
    if not threads:
        return _without_sheet(colors, chart)
    nearest, error = _nearest(lab, threads)
    label_of[fresh] = nearest
    finding = _matched(colors, fresh, nearest, error, threads, sheet.px_per_mm, has_chart=bool(chart))
    return label_of, threads, (finding,)


def _with_new_threads(
    lab: npt.NDArray[np.float32], threads: tuple[Thread, ...], others: tuple[Thread, ...]
) -> tuple[Thread, ...]:
    """Return ``threads`` and those of the chart that suit a new colour noticeably better."""
    for color in lab:
        if not others or len(threads) >= FABRIC:
            break
        near = float(_nearest(color[None], threads)[1][0]) if threads else np.inf
        best, error = _nearest(color[None], others)
        if float(error[0]) < near - NEW_THREAD_GAIN:
            threads = (*threads, others[best[0]])
            others = others[: best[0]] + others[best[0] + 1 :]
    return threads


def _filled(colors: Colors) -> npt.NDArray[np.bool_]:
    """Return which colours fill a pixel and its four neighbours anywhere: smoothed borders do not."""
    index = colors.index
    filled = np.zeros(len(colors.rgb8), bool)
    if min(index.shape) >= 3:
        across, down = index[:, 1:] == index[:, :-1], index[1:] == index[:-1]
        inside = across[1:-1, 1:] & across[1:-1, :-1] & down[1:, 1:-1] & down[:-1, 1:-1]
        filled[np.unique(index[1:-1, 1:-1][inside])] = True
    return filled


def _without_sheet(
    colors: Colors, chart: tuple[Thread, ...]
) -> tuple[Indices, tuple[Thread, ...], tuple[Finding, ...]]:
    label_of = np.full(len(colors.rgb8), FABRIC, np.intp)
    used = np.flatnonzero((colors.counts > 0) & ~colors.clear)
    if not len(used):
        return label_of, (), (_lost(0, bool(chart)),)
    main = used
    if not colors.exact:
        large = used[colors.counts[used] >= MAIN_SHARE * colors.index.size]
        filled = large[_filled(colors)[large]]
        main = filled if len(filled) else large if len(large) else used
    if len(main) > FABRIC:
        main = np.sort(main[np.argsort(-colors.counts[main], kind="stable")[:FABRIC]])
    lab = lab_from_rgb8(colors.rgb8)
    if chart:
        nearest, _ = _nearest(lab[main], chart)
        chosen, label_of[main] = np.unique(nearest, return_inverse=True)
        threads = tuple(chart[i] for i in chosen)
    else:
        # Two palette entries of one colour are one thread.
        values, label_of[main] = np.unique(colors.rgb8[main], axis=0, return_inverse=True)
        threads = tuple(Thread(brand="", chart="", code=_hex(rgb), name="", rgb8=tuple(rgb)) for rgb in values.tolist())
    rest = np.setdiff1d(used, main)
    label_of[rest] = _nearest(lab[rest], threads)[0]
    target = np.array([thread.rgb8 for thread in threads], np.uint8)[label_of[used]]
    error = delta_e(lab[used], lab_from_rgb8(target))
    findings = [_lost(len(threads), bool(chart))]
    moved = (target != colors.rgb8[used]).any(axis=1)
    if moved.any():
        which = used[moved]
        findings.append(_matched(colors, which, label_of[which], error[moved], threads, None, has_chart=bool(chart)))
    return label_of, threads, tuple(findings)


def _hex(rgb: Iterable[int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _lost(count: int, has_chart: bool) -> Finding:
    source = "the chart" if has_chart else "the picture's colours"
    return Finding(
        code="threads-lost",
        severity="note" if has_chart else "warning",
        message=f"the file has no list of threads; {count} were made from {source}",
        remedy="" if has_chart else "give --chart for real threads",
    )


def _no_indexed(where: str, what: str) -> InputError:
    return InputError(
        f"{where}: {what}; allowed is a picture in a few colours, one for each thread",
        hint="reduce it to threads with: embroider-prep quantize",
    )


def _nearest(lab: npt.NDArray[np.float32], threads: tuple[Thread, ...]) -> tuple[Indices, npt.NDArray[np.float32]]:
    """Return for each colour the nearest thread, and how far it is (CIEDE2000)."""
    thread_lab = lab_from_rgb8(np.array([thread.rgb8 for thread in threads], np.uint8))
    nearest, error = np.empty(len(lab), np.intp), np.empty(len(lab), np.float32)
    for i in range(0, len(lab), BATCH):
        difference = delta_e(lab[i : i + BATCH, None], thread_lab[None])
        nearest[i : i + BATCH] = difference.argmin(axis=1)
        error[i : i + BATCH] = difference.min(axis=1)
    return nearest, error


def _matched(
    colors: Colors,
    which: Indices,
    nearest: Indices,
    error: npt.NDArray[np.float32],
    threads: tuple[Thread, ...],
    px_per_mm: float | None,
    *,
    has_chart: bool,
) -> Finding:
    """Say which colours became which threads, those with most pixels first."""
    counts = colors.counts[which]
    order = np.argsort(-counts, kind="stable")
    rows = [
        "#{:02x}{:02x}{:02x}".format(*colors.rgb8[which[i]])
        + f" to {threads[nearest[i]]} ({counts[i]} px, ΔE {error[i]:.1f})"
        for i in order[:SHOWN]
    ]
    more = f" and {len(order) - SHOWN} colours more" if len(order) > SHOWN else ""
    # A square millimetre of a clearly other colour is seen in the sewn design.
    limit = (px_per_mm or 6.0) ** 2
    far = bool(((error > 5) & (counts >= limit)).any())
    return Finding(
        code="colors-matched",
        severity="warning" if far else "note",
        message=f"{int(counts.sum())} pixels in {len(which)} colours that are no thread's: {', '.join(rows)}{more}",
        remedy="choose a larger chart" if has_chart else "give --chart to allow other threads",
    )
