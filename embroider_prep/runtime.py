"""ONNX Runtime: the only importer of it, for networks of styles and for those that look at the photo."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
from functools import cache
from typing import Any

from embroider_prep.errors import ModelError

CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"

QUIET = 4
"""ONNX Runtime's log level: what ends the program, and nothing below."""


_share: int | None = None


def use_cores(number: int) -> None:
    """Let networks of this process run on so many cores: the others belong to processes beside it."""
    global _share
    _share = max(1, number)


def cores() -> int:
    """Return how many cores this process may use."""
    if _share is not None:
        return _share
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


@cache
def cuda_driver_loads() -> bool:
    """Say whether the library of the NVIDIA driver can be loaded: asking for CUDA elsewhere only makes noise."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


@cache
def onnxruntime() -> Any:
    """Import ONNX Runtime; load CUDA's libraries once where there is a driver.

    Raises
    ------
    ModelError
        When it is not installed or does not start.
    """
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise ModelError(
            f"ONNX Runtime cannot be imported: {error}",
            hint="pip install onnxruntime, or use --style recipe:illustration",
        ) from error
    # Every error also comes as an exception; its own red line on stderr says nothing more.
    ort.set_default_logger_severity(QUIET)
    if cuda_driver_loads() and hasattr(ort, "preload_dlls"):
        # It prints what it did not find; stdout belongs to data.
        with contextlib.redirect_stdout(io.StringIO()):
            ort.preload_dlls()
    return ort


def available_providers() -> tuple[str, ...]:
    """Return what the installed ONNX Runtime was built for; only an open session knows what really runs."""
    return tuple(onnxruntime().get_available_providers())


def session_options(threads: int) -> Any:
    """Return settings for a session on so many cores: quiet, and with threads that sleep while they wait."""
    settings = onnxruntime().SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = QUIET
    # Threads that wait busily cost CPU seconds and save nothing: one run takes much longer than a wake-up.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return settings
