"""The same stitches whatever kernels numpy's linear algebra and OpenCV take for the processor."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib
from embroider_prep.pattern import to_bytes
from embroider_prep.pipeline import convert
for name, style in (("chelsea", "none"), ("astronaut", "none"), ("coffee", "recipe:illustration")):
    made = convert(f"sample:{name}", style=style, width_mm=40, threads=6)
    print(hashlib.sha256(to_bytes(made.plan, "json")).hexdigest())
"""


def stitches(**environment: str) -> str:
    settings = {**os.environ, "EMBROIDER_PREP_CONFIG": "", **environment}
    ran = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, env=settings)
    return ran.stdout


@pytest.fixture(scope="module")
def here() -> str:
    return stitches()


@pytest.mark.parametrize("kernels", ["Nehalem", "Haswell"])
def test_kernels_of_linear_algebra(here: str, kernels: str) -> None:
    assert stitches(OPENBLAS_CORETYPE=kernels) == here


@pytest.mark.parametrize("without", ["AVX2,FMA3", "AVX2,FMA3,AVX512_SKX,AVX,SSE4_2"])
def test_kernels_of_opencv(here: str, without: str) -> None:
    # What a processor has not cannot be taken away; OpenCV says so and goes on.
    assert stitches(OPENCV_CPU_DISABLE=without) == here


def test_number_of_threads(here: str) -> None:
    assert stitches(OMP_NUM_THREADS="3", OPENBLAS_NUM_THREADS="3") == here
