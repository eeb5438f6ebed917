"""Open networks of styles: on CUDA where the driver library loads, else on the CPU, and a fall back is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from embroider_prep.color import Rgb8
from embroider_prep.design import Finding
from embroider_prep.errors import ModelError
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
    if card is not None:
        check_sha256(path, card.sha256)
    ort = onnxruntime()
    findings: list[Finding] = []
    wants_cuda = device == "cuda" or (device == "auto" and cuda_driver_loads())
    if device == "cuda" and not cuda_driver_loads():
        raise ModelError("device cuda: the NVIDIA driver is not there", hint="install the driver, or use --device cpu")
    inner = None
    if wants_cuda:
        half = path.parent / card.fp16["file"] if card and card.fp16 else None
        if card and half and half.is_file():
            check_sha256(half, card.fp16["sha256"])
        inner = _open(ort, half if half and half.is_file() else path, cuda=True)
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
    inner = inner or _open(ort, path, cuda=False)
    card = card or _embedded_card(inner, path)
    _check_tensors(inner, card, path)
    return Session(
        card=card,
        provider=CUDA if CUDA in inner.get_providers() else CPU,
        findings=tuple(findings),
        _run=_runner(ort, inner, card),
    )


def _open(ort: Any, path: Path, *, cuda: bool) -> Any:
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
    try:
        return ort.InferenceSession(str(path), settings, providers=providers)
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
        try:
            return inner.run([card.output], {card.input: windows}, settings)[0]
        except Exception as error:
            # As in `_open`: no common base. What the runtime says of shapes or memory is worth more than its type.
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(
                f"model {card.name!r}: ONNX Runtime failed on {windows.shape}: {first}",
                hint=f"smaller tiles (--tile 256) need less memory; if it is the shape: is the card's stride "
                f"({card.stride}) the network's?",
            ) from error

    return run
