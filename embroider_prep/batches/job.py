"""One photo's work, the same wherever it runs: in this process, a worker beside it, or on another computer.

Everything here can be sent to another process, and the modules that it needs are loaded when the work begins.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from embroider_prep.batches.sources import SAMPLE, STATE
from embroider_prep.batches.storage import Folder, Place, is_address, read_source
from embroider_prep.errors import EmbroiderPrepError
from embroider_prep.options import ConvertOptions
from embroider_prep.targets import REPORT_SUFFIX

if TYPE_CHECKING:
    from embroider_prep.conversion import Conversion
    from embroider_prep.reading import Photo

Status = Literal["made", "kept", "failed"]
Again = Literal["none", "failed", "all"]

MEMORY = "there is not enough memory for this photo"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which files each photo becomes; ``formats`` are suffixes without dot, the first is the stitch file."""

    formats: tuple[str, ...] = ("pes",)
    preview: bool = True
    sheets: tuple[Literal["html", "pdf"], ...] = ()
    paper: str = "a4"
    pairs: bool = True
    force: bool = False

    def names(self, stem: str) -> list[list[str]]:
        """Return the names of a result's files below the output: for each the ways it may be called."""
        out = [[f"{stem}.{suffix}", f"{stem}-1of"] for suffix in self.formats]
        out += [[f"{stem}.preview.png"]] if self.preview else []
        return out + [[f"{stem}.sheet.{kind}"] for kind in self.sheets]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One result of a photo: its name below the output, and its options."""

    stem: str
    options: ConvertOptions


@dataclass(frozen=True, kw_only=True)
class Job:
    """A photo and everything that is to become of it.

    ``data`` is the file's content where the worker cannot read ``source``; ``place`` is where results go, None: they
    come back. ``failed`` has the digests of earlier failures; ``versions`` those that the worker must have.
    """

    number: int
    shown: str
    source: str
    variants: tuple[Variant, ...]
    wanted: Wanted = field(default_factory=Wanted)
    data: bytes | None = None
    place: Place | None = None
    again: Again = "none"
    failed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    versions: Mapping[str, str] | None = None
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What became of one photo.

    ``status`` is ``"made"``, ``"kept"`` (done by an earlier run) or ``"failed"``; ``files`` are paths or addresses;
    ``content`` holds the files themselves, by name, where no output was named. ``report`` is the report as a table,
    ``error`` and ``hint`` say what went wrong. ``seconds`` and ``memory_mb`` are those of the worker.
    """

    photo: str
    stem: str = ""
    status: Status = "made"
    files: tuple[str, ...] = ()
    report: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    error: str = ""
    hint: str = ""
    digest: str = ""
    earlier: bool = False
    seconds: float = 0.0
    memory_mb: float = 0.0
    worker: str = ""
    pair: bytes = field(default=b"", repr=False)
    number: int = 0
    disk_full: bool = False
    out_of_memory: bool = False
    refused: bool = False


class _Named(io.BytesIO):
    """A file's content that knows its name."""

    name: str = ""


def _stream(data: bytes, name: str) -> _Named:
    out = _Named(data)
    out.name = name
    return out


def pair_name(stem: str) -> str:
    """Return where the small picture of photo and stitches lies."""
    return f"{STATE}/pairs/{stem}.jpg"


def open_source(job: Job) -> _Named:
    """Return a job's photo as a stream that knows its name.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    real = real_path(job.source)
    return _stream(job.data if job.data is not None else read_source(real), real or job.shown)


def run(job: Job) -> list[BatchResult]:
    """Do a photo's work: one result for each variant. What is wrong with the photo comes back, a bug as well."""
    mixed = _mixed(job)
    if mixed:
        return [BatchResult(photo=job.shown, number=job.number, status="failed", error=mixed, refused=True)]
    try:
        data = job.data if job.data is not None else read_source(real_path(job.source))
    except EmbroiderPrepError as error:
        return [failed(job, variant, error) for variant in job.variants]
    sha256 = hashlib.sha256(data).hexdigest()
    out: list[BatchResult] = []
    made: dict[ConvertOptions, Conversion] = {}
    for variant in job.variants:
        start, digest = time.perf_counter(), ""
        try:
            from embroider_prep.conversion import digest_of

            digest = digest_of(variant.options, sha256)
            result = known(job, variant, digest, data) or _make(job, variant, data, sha256, made)
        except EmbroiderPrepError as error:
            result = failed(job, variant, error)
        except MemoryError:
            made.clear()
            result = replace(failed(job, variant, EmbroiderPrepError(MEMORY)), out_of_memory=True)
        except Exception as error:
            # A bug that one photo brings to light is no reason to lose the others; its traceback is kept.
            import traceback

            said = EmbroiderPrepError(
                f"a bug: {type(error).__name__}: {error}", hint=traceback.format_exc().strip()[-2000:]
            )
            result = failed(job, variant, said)
        out.append(
            replace(result, digest=digest, seconds=time.perf_counter() - start, memory_mb=_memory_mb(), worker=_me())
        )
    return out


def real_path(source: str) -> str:
    """Return the file behind a sample."""
    if not source.startswith(SAMPLE):
        return source
    from embroider_prep.picture.load import file_of

    return str(file_of(source)[1])


def _mixed(job: Job) -> str:
    """Return what is to be said when this computer has other versions than the one that asks."""
    if job.versions is None:
        return ""
    from embroider_prep.conversion import versions

    here = versions()
    other = [f"{name} {here.get(name, 'none')} there, {mine} here" for name, mine in job.versions.items()
             if here.get(name) != mine]  # fmt: skip
    return f"worker {_me()} has other versions: {'; '.join(other)}" if other else ""


def failed(job: Job, variant: Variant, error: EmbroiderPrepError) -> BatchResult:
    import errno

    causes = [error, error.__cause__, getattr(error.__cause__, "__cause__", None)]
    full = any(getattr(cause, "errno", None) in (errno.ENOSPC, errno.EDQUOT) for cause in causes)
    # A photo that was sent has no other name than the one it is listed by.
    said = error.message.removeprefix(f"{job.source}: ").removeprefix(f"{job.shown}: ").removeprefix("stream: ")
    return BatchResult(
        photo=job.shown, stem=variant.stem, number=job.number, status="failed", error=said, hint=error.hint,
        disk_full=full,
    )  # fmt: skip


def known(job: Job, variant: Variant, digest: str, data: bytes) -> BatchResult | None:
    """Return what an earlier run has made of the same photo, options, model and versions; None: it is to be done."""
    if job.again == "all":
        return None
    before = job.failed.get(variant.stem)
    if before is not None and before.get("digest") == digest and job.again != "failed":
        return BatchResult(
            photo=job.shown, stem=variant.stem, number=job.number, status="failed", earlier=True,
            error=before.get("error", ""), hint=before.get("hint", ""),
        )  # fmt: skip
    report = None if job.place is None else done_before(job.place, variant.stem, digest, job.wanted)
    if report is None or job.place is None:
        return None
    if job.wanted.pairs and not job.place.has(pair_name(variant.stem)):
        _mend_pair(job.place, variant, data)
    folder = PurePosixPath(variant.stem).parent
    names = [*report["sha256"], PurePosixPath(variant.stem + REPORT_SUFFIX).name]
    files = tuple(f"{job.place}/{(folder / name).as_posix()}" for name in names)
    return BatchResult(photo=job.shown, stem=variant.stem, number=job.number, status="kept", files=files, report=report)


def done_before(place: Place, stem: str, digest: str, wanted: Wanted) -> dict[str, Any] | None:
    """Return the report of a result that is there with this digest and all files that are wanted; else None."""
    from embroider_prep.texts import parse_json

    text = place.read(stem + REPORT_SUFFIX)
    if text is None:
        return None
    try:
        report: dict[str, Any] = parse_json(text, stem)
        if report.get("digest") != digest:
            return None
        sums: dict[str, str] = report["sha256"]
        for ways in wanted.names(PurePosixPath(stem).name):
            if not any(name == ways[0] or (len(ways) > 1 and name.startswith(ways[1])) for name in sums):
                return None
        # One that differs from its digest was changed by somebody, and stays.
        there = all(place.has(PurePosixPath(stem).with_name(name).as_posix()) for name in sums)
        return report if there else None
    except (EmbroiderPrepError, LookupError, TypeError, AttributeError):
        return None


def _make(
    job: Job, variant: Variant, data: bytes, sha256: str, before: dict[ConvertOptions, Conversion]
) -> BatchResult:
    from embroider_prep.batches.pairs import draw_pair

    made = _convert(job, variant, data, before)
    name = PurePosixPath(real_path(job.source) or job.shown).name
    sources = () if not job.source or is_address(job.source) or job.data is not None else (Path(real_path(job.source)),)
    made = replace(made, origin={"name": name, "sha256": sha256}, sources=sources)
    if isinstance(job.place, Folder):
        target = job.place.local(f"{variant.stem}.{job.wanted.formats[0]}")
        saved = _save(made, target, job.wanted)
        files, content, picture = tuple(str(path) for path in saved.paths), {}, None
        if job.wanted.preview:
            picture = target.with_name(f"{target.stem}.preview.png").read_bytes()
    else:
        folder = PurePosixPath(variant.stem).parent
        with tempfile.TemporaryDirectory(prefix="embroider-prep-") as here:
            saved = _save(made, Path(here) / f"{PurePosixPath(variant.stem).name}.{job.wanted.formats[0]}", job.wanted)
            content = {(folder / path.name).as_posix(): path.read_bytes() for path in saved.paths}
        picture = next((content[name] for name in content if name.endswith(".preview.png")), None)
        files = tuple(content) if job.place is None else tuple(f"{job.place}/{name}" for name in content)
    report = saved.report.as_dict()
    pair = draw_pair(made, picture) if job.wanted.pairs else b""
    if job.place is not None:
        job.place.write({**content, **({pair_name(variant.stem): pair} if pair else {})})
        content, pair = {}, b""
    return BatchResult(
        photo=job.shown, stem=variant.stem, number=job.number, files=files, report=report, content=content, pair=pair
    )


def _save(made: Conversion, target: Path, wanted: Wanted) -> Any:
    return made.save(
        target, preview=wanted.preview, sheet=wanted.sheets, paper=wanted.paper, also=wanted.formats[1:], named=False,
        force=wanted.force,
    )  # fmt: skip


def _convert(job: Job, variant: Variant, data: bytes, before: dict[ConvertOptions, Conversion]) -> Conversion:
    """Return the conversion; one that differs in its hoop alone, at a size that was asked for, is not made again."""
    from embroider_prep.pipeline import convert
    from embroider_prep.sizing import check_hoop

    options = variant.options
    fixed = options.size.width_mm is not None or options.size.height_mm is not None
    key = replace(options, write=replace(options.write, hoop=None)) if fixed else options
    if key in before:
        made = replace(before[key], options=options)
        check_hoop(*made.indexed.size_mm, options.write)
        return made
    source: _Named | Photo = _stream(data, real_path(job.source) or job.shown)
    made = convert(source, options)
    if len(job.variants) > 1:
        before.clear()
        before[key] = made
    return made


def _mend_pair(place: Place, variant: Variant, data: bytes) -> None:
    """Draw the small picture of a result that another command has made, or a run that was killed before it did."""
    from embroider_prep.batches.pairs import pair_of_files

    preview = place.read(f"{variant.stem}.preview.png")
    if preview is not None:
        place.write({pair_name(variant.stem): pair_of_files(data, preview, variant.options.picture)})


def _memory_mb() -> float:
    """Return what this process holds now, in MB; 0 where the system does not tell."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6
    except (ImportError, OSError, ValueError, IndexError):
        return 0.0


def _me() -> str:
    import os
    import platform

    return f"{platform.node()}:{os.getpid()}"


def cores_for(workers: int, cores: int) -> int:
    """Return each worker's share of the cores."""
    return max(1, cores // max(1, workers))


def prepare(threads: int, style: str, modules: Sequence[str] = ()) -> None:
    """Begin a worker: its share of cores, and everything loaded once that every photo needs."""
    import os

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[name] = str(threads)
    from embroider_prep.runtime import use_cores

    use_cores(threads)
    import cv2

    cv2.setNumThreads(threads)
    warm(style)


def warm(style: str) -> None:
    """Load what the first photo would wait for: modules, the networks that look at a photo, the style's model."""
    from contextlib import suppress

    import numpy as np

    from embroider_prep import painted, pipeline, worksheet  # noqa: F401
    from embroider_prep.guide import look

    # What is wrong with a model is said for each photo.
    with suppress(EmbroiderPrepError):
        look(np.zeros((64, 64, 3), np.uint8))
        if style != "none" and not style.startswith("recipe:"):
            from embroider_prep.stylizer.stylize import open_style

            open_style(style)
