"""`SewObject`s -> stitches: each object in turn, from where the thread arrives to where it must leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from embroider_prep.design import DetailLine, Region, SewObject, StitchBlock
from embroider_prep.options import PlanOptions
from embroider_prep.planning.arrange import Arrangement
from embroider_prep.planning.detail import sew_line
from embroider_prep.planning.fill import Leg, RowFill, RowStyle
from embroider_prep.planning.finish import Run, finish
from embroider_prep.planning.ground import Ground, Mask8, Patch
from embroider_prep.planning.run import resample, through

Points = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

TRAVEL_MM = 3.0

# Underlay (Ink/Stitch's defaults): rows at three times the spacing across the fill, an edge run inside the border.
UNDERLAY_SPACING, EDGE_INSET_MM, EDGE_STITCH_MM = 3.0, 0.6, 2.5

# Only parts of a region wider than this (beyond the inset) get underlay; thin ones are firm by their turns alone.
WIDE_MM = 2.5

# The edge run is covered by rows: it may cut the border's small bends.
EDGE_SLACK_MM = 0.3


def sew(
    arrangement: Arrangement, ground: Ground, options: PlanOptions, progress: Progress | None = None
) -> tuple[StitchBlock, ...]:
    """Return all stitch blocks of an arrangement, with locks, on the machine's grid."""
    objects = arrangement.objects
    place = np.full(int(max(arrangement.region, default=-1)) + 1, -1)
    thread = np.full(len(place), -1)
    for i, number in enumerate(arrangement.region):
        if number >= 0:
            place[number], thread[number] = i, objects[i].thread
    runs: list[Run] = []
    here: Points | None = None
    patch: Patch | None = None
    for i, item in enumerate(objects):
        first = i == 0 or objects[i - 1].thread != item.thread
        joined = not first and len(item.travel_mm) > 0
        following = objects[i + 1] if i + 1 < len(objects) else None
        leaves = following is not None and following.thread == item.thread and len(following.travel_mm) > 0
        exit_mm = following.travel_mm[0] if leaves and following is not None else None
        legs: list[Leg] = []
        entry = item.travel_mm[-1] if joined else None
        if joined and here is not None:
            legs.append(_arrive(here, item.travel_mm, patch))
        elif not first:
            entry = here
        if isinstance(item.shape, Region):
            later = (place > i) & (thread != item.thread)
            patch = ground.patch(arrangement.region[i], later, item.trapping_mm)
            legs += _sew_fill(item.shape, item, patch, entry, exit_mm, options)
        elif isinstance(item.shape, DetailLine):
            patch = None
            legs += sew_line(
                item.shape, item.kind, entry, exit_mm, stitch_mm=item.stitch_length_mm, pull_mm=item.pull_mm
            )
        if not joined or not runs:
            runs.append(Run(thread=item.thread))
        for leg in legs:
            if len(leg.xy_mm):
                runs[-1].add(leg.kind, leg.xy_mm, i)
                here = leg.xy_mm[-1]
        if progress:
            progress(len(objects) + i + 1, 2 * len(objects))
    return finish(runs, ground, options)


def _arrive(here: Points, way_mm: Points, patch: Patch | None) -> Leg:
    """The way from the last needle point through the object before to its door, and on to the next object."""
    start = through(patch, here, way_mm[0]) if patch is not None else np.stack([here, way_mm[0]])
    return Leg(kind="travel", xy_mm=resample(np.concatenate([start, way_mm[1:]]), TRAVEL_MM))


def _sew_fill(
    region: Region, item: SewObject, patch: Patch, entry: Points | None, exit_mm: Points | None, o: PlanOptions
) -> list[Leg]:
    style = RowStyle(
        spacing_mm=item.row_spacing_mm,
        stitch_mm=item.stitch_length_mm,
        stagger=o.stagger,
        pull_mm=item.pull_mm,
    )
    fill = RowFill(patch, item.angle_deg, style)
    if not fill:
        # Thinner than the distance of two rows: rows across always meet it.
        fill = RowFill(patch, item.angle_deg + 90, style)
    if not fill:
        return _dot(region)
    legs: list[Leg] = []
    at = entry
    for kind in item.underlay:
        made = _edge_run(region, at, fill) if kind == "edge" else _cross_rows(patch, item, at)
        legs += made
        if made:
            at = made[-1].xy_mm[-1]
    return legs + fill.sew(at, exit_mm)


def _dot(region: Region) -> list[Leg]:
    """A region that no row meets: three stitches across its middle."""
    x, y = region.polygon.representative_point().coords[0]
    return [Leg(kind="fill", xy_mm=np.array([[x - 0.5, y], [x + 0.5, y], [x - 0.5, y + 0.1]]))]


def _edge_run(region: Region, entry: Points | None, fill: RowFill) -> list[Leg]:
    import shapely

    wide = region.polygon.buffer(-EDGE_INSET_MM - WIDE_MM / 2, quad_segs=2).buffer(WIDE_MM / 2, quad_segs=2)
    inner = wide.simplify(EDGE_SLACK_MM)
    legs: list[Leg] = []
    at = entry
    for part in shapely.get_parts(inner):
        ring = np.asarray(part.exterior.coords)
        if part.exterior.length < 8:
            continue
        start = 0 if at is None else int(np.hypot(*(ring[:-1] - at).T).argmin())
        ring = np.concatenate([ring[start:-1], ring[: start + 1]])
        if at is not None:
            way = fill.walk(fill.locate(at), fill.locate(ring[0]))
            legs.append(Leg(kind="travel", xy_mm=resample(np.concatenate([way, ring[:1]]), TRAVEL_MM)))
        legs.append(Leg(kind="underlay", xy_mm=resample(ring, EDGE_STITCH_MM, tolerance_mm=EDGE_SLACK_MM)))
        at = ring[-1]
    return legs


def _cross_rows(patch: Patch, item: SewObject, entry: Points | None) -> list[Leg]:
    inside = np.pad(patch.mask, 1)
    core = _distance(inside)[1:-1, 1:-1] > (EDGE_INSET_MM + WIDE_MM / 2) * patch.px_per_mm
    if not core.any():
        return []
    inner = (_distance((~core).astype(np.uint8)) <= WIDE_MM / 2 * patch.px_per_mm).astype(np.uint8) * np.uint8(255)
    style = RowStyle(spacing_mm=UNDERLAY_SPACING * item.row_spacing_mm, stitch_mm=item.stitch_length_mm, turns=1)
    rows = RowFill(replace(patch, mask=inner), item.angle_deg + 90, style)
    if not rows:
        return []
    return [Leg(kind="underlay", xy_mm=leg.xy_mm) for leg in rows.sew(entry, None)]


def _distance(mask: Mask8) -> npt.NDArray[np.float32]:
    """Return the distance of each cell to the nearest cell of 0, in cells."""
    return cv2.distanceTransform(mask, cv2.DIST_L2, 5).reshape(mask.shape)
