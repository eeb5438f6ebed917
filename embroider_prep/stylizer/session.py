"""Open networks of styles: on CUDA where the driver library loads, else on the CPU, and a fall back is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from embroider_prep.bounded import run_bounded
from embroider_prep.color import Rgb8
from embroider_prep.design import Finding
from embroider_prep.errors import ModelError
from embroider_prep.limits import MAX_MODEL_BYTES, MAX_MODEL_FILE_BYTES, MAX_MODEL_S
from embroider_prep.onnx_file import DamagedModel, has_external_data
from embroider_prep.runtime import CPU, CUDA, QUIET, cores, cuda_driver_loads, onnxruntime, session_options
from embroider_prep.stylizer.card import CARD_FILE, HINT, METADATA_KEY, ModelCard, check_sha256, read_card

CUDA_BYTES = 2 << 30
"""Limit of the memory arena on CUDA: batches of eight tiles need well under it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Session:
    """An open model: its card, where it runs, and what to say about that."""

    card: ModelCard
    provider: str
    findings: tuple[Finding, ...]
    _run: Callable[[Rgb8], Any]

    @property
    def on_cuda(self) -> bool:
        return self.provider == CUDA

    def run(self, windows: Rgb8) -> Rgb8:
        """Return the network's pictures for ``windows``, both (N, H, W, 3) uint8, sides multiples of the stride.

        Raises
        ------
        ModelError
            When the network gives another shape or type than it promises, or cannot run.
        """
        out = self._run(windows)
        if not isinstance(out, np.ndarray) or out.shape != windows.shape or out.dtype != np.uint8:
            what = f"{getattr(out, 'dtype', '?')} {getattr(out, 'shape', '?')}"
            raise ModelError(
                f"model {self.card.name!r}: for uint8 {windows.shape} it gave {what}; allowed is the same as it got",
                hint=HINT,
            )
        return out


def open_session(path: str | Path, card: ModelCard | None = None, *, device: str = "auto") -> Session:
    """Open a model and check it against its card.

    Parameters
    ----------
    path : path of ``model.onnx``
    card : ModelCard
        Default: ``card.json`` beside the model, else the card in the model's metadata.
    device : {"auto", "cuda", "cpu"}

    Returns
    -------
    Session
        Its ``findings`` say aloud when CUDA was asked for and the CPU works.

    Raises
    ------
    ModelError
        When the model or its card is missing, damaged or breaks its promises, or ``device="cuda"`` is not there.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: there is no such model", hint="embroider-prep models list")
    if card is None and (path.parent / CARD_FILE).is_file():
        card = read_card(path.parent / CARD_FILE)
    ort = onnxruntime()
    findings: list[Finding] = []
    wants_cuda = device == "cuda" or (device == "auto" and cuda_driver_loads())
    if device == "cuda" and not cuda_driver_loads():
        raise ModelError("device cuda: the NVIDIA driver is not there", hint="install the driver, or use --device cpu")
    inner = None
    if wants_cuda:
        half = path.parent / card.fp16["file"] if card and card.fp16 else None
        if card and half and half.is_file():
            inner = _open(ort, half, card.fp16["sha256"], cuda=True)
        else:
            inner = _open(ort, path, card.sha256 if card else "", cuda=True)
        if CUDA not in inner.get_providers():
            inner = None
            findings.append(
                Finding(
                    code="cuda-missing",
                    severity="warning",
                    message="the style runs on the CPU: ONNX Runtime could not start CUDA although a driver is there",
                    remedy="pip install 'onnxruntime-gpu[cuda,cudnn]', or ask for the CPU with --device cpu",
                )
            )
    inner = inner or _open(ort, path, card.sha256 if card else "", cuda=False)
    card = card or _embedded_card(inner, path)
    _check_tensors(inner, card, path)
    return Session(
        card=card,
        provider=CUDA if CUDA in inner.get_providers() else CPU,
        findings=tuple(findings),
        _run=_runner(ort, inner, card),
    )


def _read_model(path: Path, sha256: str) -> bytes:
    """Return the bytes of a model: the card's, and whole by themselves."""
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MAX_MODEL_FILE_BYTES else b""
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be read: {error.strerror}", hint="check the path") from error
    if size > MAX_MODEL_FILE_BYTES:
        raise ModelError(f"{path}: {size:,} bytes; allowed are at most {MAX_MODEL_FILE_BYTES:,}", hint=HINT)
    check_sha256(path, data, sha256)
    try:
        elsewhere = has_external_data(data)
    except DamagedModel as error:
        raise ModelError(f"{path}: ONNX Runtime cannot open the model: {error}", hint=HINT) from error
    if elsewhere:
        raise ModelError(
            f"{path}: its weights lie in other files; allowed is a model in one file",
            hint="export it with its weights inside",
        )
    return data


def _open(ort: Any, path: Path, sha256: str, *, cuda: bool) -> Any:
    data = _read_model(path, sha256)
    settings = session_options(cores())
    providers: list[Any] = [CPU]
    if cuda:
        # Tiles have one shape, but not the same from picture to picture: an exhaustive search would not pay.
        limits = {
            "cudnn_conv_algo_search": "HEURISTIC",
            "arena_extend_strategy": "kSameAsRequested",
            "gpu_mem_limit": CUDA_BYTES,
        }
        providers.insert(0, (CUDA, limits))

    def cancel() -> None:
        # Since ONNX Runtime 1.22; before, opening comes to its own end.
        if hasattr(settings, "set_load_cancellation_flag"):
            settings.set_load_cancellation_flag(True)

    try:
        return run_bounded(
            lambda: ort.InferenceSession(data, settings, providers=providers),
            cancel,
            seconds=MAX_MODEL_S,
            # CUDA reserves hundreds of gigabytes of addresses that it never uses.
            more_bytes=None if cuda else MAX_MODEL_BYTES + 2 * len(data),
            what=str(path),
        )
    except ModelError:
        raise
    except Exception as error:
        # ONNX Runtime raises a dozen types of its own that share no base but Exception.
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path}: ONNX Runtime cannot open the model: {first}", hint=HINT) from error


def _embedded_card(inner: Any, path: Path) -> ModelCard:
    text = inner.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelError(
            f"{path}: the model has no card, neither {CARD_FILE} beside it nor one in its metadata", hint=HINT
        )
    return replace(ModelCard.from_json(text, where=f"{path}, metadata"), sha256="")


def _check_tensors(inner: Any, card: ModelCard, path: Path) -> None:
    for what, name, nodes in (("input", card.input, inner.get_inputs()), ("output", card.output, inner.get_outputs())):
        if len(nodes) != 1 or nodes[0].name != name:
            names = ", ".join(node.name for node in nodes)
            raise ModelError(f"{path}: its {what}s are {names}; the card promises {name!r} alone", hint=HINT)
        kind, shape = nodes[0].type, nodes[0].shape
        fixed = [size for size in shape[:3] if isinstance(size, int)] if len(shape) == 4 else [0]
        if kind != "tensor(uint8)" or len(shape) != 4 or shape[3] != 3 or fixed:
            raise ModelError(
                f"{path}: its {what} {name!r} is {kind} {shape}; allowed is uint8 (N, H, W, 3) with N, H, W free",
                hint=HINT,
            )


def _runner(ort: Any, inner: Any, card: ModelCard) -> Callable[[Rgb8], Any]:
    last: tuple[int, ...] = ()

    def run(windows: Rgb8) -> Any:
        nonlocal last
        settings = ort.RunOptions()
        settings.log_severity_level = QUIET
        if windows.shape != last and inner.get_providers()[0] == CPU:
            # The arena plans its memory by shape; what it held for another shape is given back after this run.
            settings.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
            last = windows.shape

        def cancel() -> None:
            settings.terminate = True

        try:
            return run_bounded(
                lambda: inner.run([card.output], {card.input: windows}, settings)[0],
                cancel,
                seconds=MAX_MODEL_S,
                more_bytes=MAX_MODEL_BYTES if inner.get_providers()[0] == CPU else None,
                what=f"model {card.name!r}",
            )
        except ModelError:
            raise
        except Exception as error:
            # As in `_open`: no common base. What the runtime says of shapes or memory is worth more than its type.
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(
                f"model {card.name!r}: ONNX Runtime failed on {windows.shape}: {first}",
                hint=f"smaller tiles (--tile 256) need less memory; if it is the shape: is the card's stride "
                f"({card.stride}) the network's?",
            ) from error

    return run
