"""How thread takes light, as a table: colour, direction, place across and along the thread to a pixel.

A thread is a cylinder of fibres. Its body is lit by where its surface faces (Lambert); its gloss follows the fibres
(J. T. Kajiya and T. L. Kay, "Rendering fur with three dimensional textures", SIGGRAPH 1989): strong where the light
falls across them, gone where it runs along them. That is why two fills in one thread at two angles look like two
colours. Strengths are set by eye against photographs of rayon embroidery; the mean over all directions is the thread's
own colour.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]

DIRECTIONS, ACROSS, ENDS, PHASES = 48, 16, 6, 8
"""Bins of the table: direction of the stitch, place across it, distance from its nearer end, phase of the twist."""

END_MM = 0.35
"""Length over which a thread rises out of its needle hole."""

TWIST_MM = 0.6
"""Length of one turn of two-ply 40 wt thread; trade sources about 1.7 turns a millimetre."""

# From the upper left, 45 degrees above the cloth; x right, y down, z towards the eye.
LIGHT = np.array([-0.42, -0.58, 0.70])
_HALF = LIGHT + np.array([0, 0, 1.0])
_HALF = _HALF / np.linalg.norm(_HALF)


def color_table(colors: npt.NDArray[np.float32], sheen: float, *, twist: bool) -> npt.NDArray[np.uint32]:
    """Return RGBA pixels (as uint32, alpha 255) for every thread and bin, flat; pixel 0 is no thread at all.

    Parameters
    ----------
    colors : (T, 3) float32
        sRGB of the threads, 0 to 255.
    sheen : float
        0 (matt cotton) to 1 (polished rayon).
    twist : bool
        Whether stripes of the plies show; without them all phases are equal.
    """
    direction = (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS * math.pi
    way = np.stack([np.cos(direction), np.sin(direction)], axis=1)
    across = (np.arange(ACROSS) + 0.5) / ACROSS * 2 - 1
    rise = np.sqrt(1 - across**2)
    # Light across the thread, for each direction: the normal is (across * side, rise).
    side_light = LIGHT[0] * -way[:, 1] + LIGHT[1] * way[:, 0]
    side_half = _HALF[0] * -way[:, 1] + _HALF[1] * way[:, 0]
    along = (LIGHT[0] * way[:, 0] + LIGHT[1] * way[:, 1]) / np.hypot(LIGHT[0], LIGHT[1])
    fibres = np.sqrt(np.maximum(1 - along**2, 0))
    body = np.maximum(side_light[:, None] * across + LIGHT[2] * rise, 0)
    shine = np.maximum(side_half[:, None] * across + _HALF[2] * rise, 0) ** 14 * fibres[:, None] ** 2
    shade = 0.70 + 0.42 * body + sheen * 0.34 * (fibres[:, None] - 0.64)
    # Threads side by side keep light from each other.
    shade *= 0.80 + 0.20 * np.minimum(1, rise / 0.7)
    shade /= shade.mean()
    gloss = sheen * 0.46 * shine
    end = 0.78 + 0.22 * np.sqrt((np.arange(ENDS) + 0.5) / ENDS)
    phase = 1 + 0.09 * np.sin((np.arange(PHASES) + 0.5) / PHASES * 2 * math.pi) * twist
    factor = shade[:, :, None, None] * end[:, None] * phase
    light = gloss[:, :, None, None] * end[:, None]
    # Gloss has the light's colour, but dyed fibres keep a part of theirs.
    rgb = colors[:, None, None, None, None, :] * factor[..., None] + light[..., None] * (
        170 + 0.35 * colors[:, None, None, None, None, :]
    )
    # What is brighter than full turns towards white, or the light would vanish on saturated colours.
    over = np.maximum(rgb.max(axis=-1, keepdims=True) - 255, 0)
    rgb = np.where(over > 0, rgb * (255 / (255 + over)), rgb) + 0.75 * over
    flat = np.clip(rgb, 0, 255).astype(np.uint8).reshape(-1, 3)
    out = np.full((len(flat) + 1, 4), 255, np.uint8)
    out[0] = 0
    out[1:, :3] = flat
    return out.view(np.uint32)[:, 0]


BINS = DIRECTIONS * ACROSS * ENDS * PHASES
"""Entries of one thread."""
