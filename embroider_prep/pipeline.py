"""The steps in order, nothing else: photo -> illustration -> indexed picture -> shapes -> plan -> files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from embroider_prep.checked import parse_color
from embroider_prep.color import Rgb8
from embroider_prep.design import Finding, Guide, IndexedImage, Report, StitchPlan, Thread
from embroider_prep.options import ConvertOptions

Source = str | Path | bytes | BinaryIO | npt.NDArray[Any]
Progress = Callable[[str, int, int], None]
"""Called with the step's name, what is done and what there is to do."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Working:
    """A photo at its working size: ``rgb8`` (H, W, 3), and ``alpha`` (H, W) or None."""

    name: str
    rgb8: Rgb8
    alpha: npt.NDArray[np.uint8] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Conversion:
    """What a conversion made, every step of it.

    ``photo`` and ``illustration`` are (H, W, 3) uint8 at the working size, None when the conversion began later.
    """

    name: str
    options: ConvertOptions
    photo: Rgb8 | None
    illustration: Rgb8 | None
    indexed: IndexedImage
    guide: Guide
    plan: StitchPlan
    report: Report
    findings: tuple[Finding, ...] = field(default=())

    def preview(self) -> Rgb8:
        """Return the picture of the stitches, (H, W, 3) uint8."""
        from embroider_prep.preview import render

        return render(self.plan, self.options.preview, self.report.findings)

    def strip(self, *, height_px: int = 480) -> Rgb8:
        """Return *photo | illustration | threads | stitches* side by side, (H, W, 3) uint8."""
        from embroider_prep.preview import strip

        return strip(
            self.photo,
            self.illustration,
            self.indexed,
            self.preview(),
            height_px=height_px,
            stitches_px_per_mm=self.options.preview.preview_px_per_mm,
        )

    def save(
        self, path: str | Path, *, preview: bool = True, report: bool = True, sheet: bool = False
    ) -> tuple[Path, ...]:
        """Write the stitch file, and beside it under the same name what was asked for.

        Parameters
        ----------
        path : str or Path
            ``design.pes``; the suffix names the format.
        preview, report, sheet : bool
            ``design.preview.png``, ``design.report.json``, ``design.sheet.html``.

        Returns
        -------
        tuple of Path
            The stitch file first.

        Raises
        ------
        FormatError, OutputError
            Nothing is written when the format or hoop cannot hold the design.
        """
        from embroider_prep.pattern import write
        from embroider_prep.picture import save_picture
        from embroider_prep.worksheet import write_worksheet

        target = Path(path)
        written = write(self.plan, target, self.options.write, preview=self.options.preview)
        out = [*written.paths, *written.side_paths]
        if preview:
            out.append(beside(target, ".preview.png"))
            save_picture(self.preview(), out[-1])
        if report:
            out.append(beside(target, ".report.json"))
            _write_json(_report(self, written.findings).as_dict(), out[-1])
        if sheet:
            out.append(beside(target, ".sheet.html"))
            write_worksheet(
                written.plan,
                out[-1],
                title=self.name,
                machine=_machine(self.options),
                hoop=written.hoop,
                findings=(*self.findings, *written.findings),
                preview=self.options.preview,
            )
        return tuple(out)


def beside(target: Path, suffix: str) -> Path:
    """Return the name of a file that stands beside a result: ``design.pes`` -> ``design.preview.png``."""
    return target.with_name(target.stem + suffix)


def convert(
    source: Source, options: ConvertOptions | None = None, *, progress: Progress | None = None, **values: Any
) -> Conversion:
    """Turn a photograph into a stitch plan.

    Parameters
    ----------
    source : str, Path, bytes, stream or array
        A picture file, ``"sample:chelsea"``, or an array; see `embroider_prep.picture.load`.
    options : ConvertOptions, optional
    progress : callable (step, done, total), optional
    **values
        Single options by name: ``width_mm=90, threads=8, chart="janome"``.

    Returns
    -------
    Conversion
        ``.illustration .indexed .plan .report .save()``

    Raises
    ------
    EmbroiderPrepError
        Whatever is wrong with the picture, the options, the chart or the model, in one line.
    """
    from embroider_prep.guide import make_guide
    from embroider_prep.picture import guide_to_8bit
    from embroider_prep.quantize import quantize
    from embroider_prep.stylizer.stylize import stylize

    o = (options or ConvertOptions()).with_values(values)
    tell = progress or (lambda step, done, total: None)
    chart = find_threads(o)
    tell("read", 0, 1)
    work = read_working(source, o)
    check_hoop(work.rgb8.shape[1] / o.size.px_per_mm, work.rgb8.shape[0] / o.size.px_per_mm, o)
    said: list[Finding] = []
    drawn = stylize(work.rgb8, o.stylize, progress=lambda done, total: tell("stylize", done, total), notify=said.append)
    tell("quantize", 0, 1)
    guide = guide_to_8bit(
        make_guide(drawn, photo=work.rgb8, px_per_mm=o.size.px_per_mm, face_weight=o.quantize.face_weight)
    )
    subject = read_subject(o, work.rgb8.shape)
    found = quantize(
        drawn, chart, o.quantize, guide=guide, alpha=work.alpha, subject=subject, px_per_mm=o.size.px_per_mm
    )
    return _digitize(
        found.indexed,
        guide,
        o,
        tell,
        name=work.name,
        photo=work.rgb8,
        drawn=drawn,
        findings=(*said, *found.findings),
        curve=found.palette.curve,
    )


def digitize(
    image: IndexedImage,
    guide: Guide | None = None,
    options: ConvertOptions | None = None,
    *,
    name: str = "design",
    findings: tuple[Finding, ...] = (),
    progress: Progress | None = None,
    **values: Any,
) -> Conversion:
    """Turn an indexed picture into a stitch plan: the second half of `convert`, stitch for stitch the same.

    Parameters
    ----------
    image : IndexedImage
        From `quantize`, or read from an indexed PNG (`embroider_prep.picture.read_indexed`).
    guide : Guide, optional
        Directions; default those of the borders in ``image``.
    options, progress, **values
        As in `convert`.
    name : str
        What results are named after.
    findings : tuple of Finding
        What was noticed when the picture was read; carried into the report.
    """
    from embroider_prep.guide import guide_from_labels

    o = (options or ConvertOptions()).with_values(values)
    check_hoop(*image.size_mm, o)
    tell = progress or (lambda step, done, total: None)
    return _digitize(image, guide or guide_from_labels(image), o, tell, name=name, findings=findings)


def _digitize(
    image: IndexedImage,
    guide: Guide,
    o: ConvertOptions,
    tell: Progress,
    *,
    name: str,
    photo: Rgb8 | None = None,
    drawn: Rgb8 | None = None,
    findings: tuple[Finding, ...] = (),
    curve: tuple[float, ...] = (),
) -> Conversion:
    from embroider_prep.likeness import measure_likeness
    from embroider_prep.lines import find_lines
    from embroider_prep.planning import make_plan
    from embroider_prep.preflight import check
    from embroider_prep.regions import find_regions

    tell("regions", 0, 1)
    lines = find_lines(image, guide, o.regions)
    areas = find_regions(lines.ground, guide, o.regions)
    planned = make_plan(
        areas.regions,
        lines.lines,
        image.threads,
        guide=guide,
        size_mm=image.size_mm,
        options=o.plan,
        progress=lambda done, total: tell("plan", done, total),
    )
    found = (*findings, *areas.findings, *planned.findings)
    likeness = measure_likeness(drawn, image, areas.regions) if drawn is not None else {}
    if curve:
        likeness["threads_curve"] = [round(value, 2) for value in curve]
    shapes = {
        "regions": len(areas.regions),
        "merged": areas.merged,
        "dropped_specks": areas.dropped,
        "lines_found": len(lines.lines),
        "lines_sewn": len(lines.lines) - planned.dropped_lines,
        "strips_not_sewn": lines.dropped,
    }
    made = Conversion(
        name=name,
        options=o,
        photo=photo,
        illustration=drawn,
        indexed=image,
        guide=guide,
        plan=planned.plan,
        report=Report(plan={}, threads=()),
        findings=found,
    )
    report = _report(made, check(planned.plan, machine=_machine(o), name=name), likeness=likeness, shapes=shapes)
    object.__setattr__(made, "report", report)
    return made


def read_working(source: Source, options: ConvertOptions) -> Working:
    """Read a picture and bring it to its working size; see-through pixels are laid over the fabric."""
    from embroider_prep.picture import load, over_color, to_working_size

    size = options.size
    picture = load(source, options.picture)
    rgb8 = picture.rgb8
    if picture.alpha is not None:
        rgb8 = over_color(rgb8, picture.alpha, parse_color(options.quantize.fabric or "white"))
    width, height, scale = size.width_mm, size.height_mm, size.px_per_mm
    working = to_working_size(rgb8, width_mm=width, height_mm=height, px_per_mm=scale)
    alpha = picture.alpha
    if alpha is not None:
        alpha = to_working_size(alpha, width_mm=width, height_mm=height, px_per_mm=scale)
    return Working(name=picture.name, rgb8=working, alpha=alpha)


def find_threads(options: ConvertOptions) -> tuple[Thread, ...]:
    """Return the threads to choose from: the chart, or those of it that the user owns."""
    from embroider_prep.threads import load_chart, read_spools

    chart = load_chart(options.quantize.chart)
    return chart if options.quantize.spools is None else read_spools(options.quantize.spools, chart)


def read_subject(options: ConvertOptions, shape: tuple[int, ...]) -> npt.NDArray[np.bool_] | None:
    """Return what ``background_mask`` says is sewn, (H, W) bool; None without one."""
    if options.quantize.background_mask is None:
        return None
    import cv2

    from embroider_prep.errors import InputError
    from embroider_prep.picture import load

    mask = load(options.quantize.background_mask).rgb8
    if abs(mask.shape[1] / mask.shape[0] * shape[0] / shape[1] - 1) > 0.02:
        raise InputError(
            f"{options.quantize.background_mask}: {mask.shape[1]} x {mask.shape[0]} pixels is another shape than the "
            f"picture's {shape[1]} x {shape[0]}",
            hint="make the mask from the same picture, cropped and turned alike",
        )
    small = cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_AREA).reshape(shape)
    return small.max(axis=2) >= 128


def check_hoop(width_mm: float, height_mm: float, options: ConvertOptions) -> None:
    """Raise ``FormatError`` before any work when no allowed hoop can hold a picture of that size."""
    from embroider_prep.design import StitchBlock
    from embroider_prep.hooping import fit
    from embroider_prep.machines import candidate_hoops

    hoops = candidate_hoops(options.write.hoop, _machine(options))
    if not hoops or options.write.split_hoops:
        return
    # What the writer will ask of the plan, asked of the outline that it will fill.
    corner = np.round([width_mm / 2, height_mm / 2], 1)
    outline = StitchBlock(thread=0, kind="travel", xy_mm=np.stack([-corner, corner]))
    thread = Thread(brand="", chart="", code="", name="", rgb8=(0, 0, 0))
    fit(
        StitchPlan(threads=(thread,), blocks=(outline,), max_stitch_mm=float("inf")),
        hoops,
        rotate=options.write.turn_to_fit,
    )


def _machine(options: ConvertOptions) -> Any:
    from embroider_prep.machines import find_machine

    return find_machine(options.write.machine)


def _report(made: Conversion, checked: tuple[Finding, ...], **known: Any) -> Report:
    """Return the report of a conversion with the findings of a pre-flight; what is known already is kept."""
    from embroider_prep.report import make_report

    before = made.report
    return make_report(
        made.plan,
        (*made.findings, *checked),
        machine=_machine(made.options),
        likeness=known.get("likeness", before.likeness),
        shapes=known.get("shapes", before.shapes),
        options=made.options.as_dict(),
        model=_model(made.options.stylize.style) if made.illustration is not None else {},
        versions=_versions(),
    )


def _model(style: str) -> dict[str, Any]:
    """Return the name and sha256 of the model of a style; the style's name alone for recipes."""
    from embroider_prep.stylizer.stylize import open_style

    if style == "none" or style.startswith("recipe:"):
        return {"style": style}
    card = open_style(style).card
    return {"style": style, "name": card.name, "version": card.version, "sha256": card.sha256}


def _versions() -> dict[str, str]:
    """Return the versions of what decides stitches."""
    import platform
    from importlib.metadata import version

    from embroider_prep._version import __version__

    names = ("numpy", "opencv-python-headless", "scikit-image", "scipy", "shapely", "pyembroidery")
    return {
        "embroider-prep": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def _write_json(data: dict[str, Any], path: Path) -> None:
    import json

    from embroider_prep.files import atomic_write

    with atomic_write(path) as file:
        file.write(json.dumps(data, indent=1, ensure_ascii=False).encode("utf-8"))
