"""The same stitches whatever kernels the linear algebra of numpy takes for the processor."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib
from embroider_prep.pattern import to_bytes
from embroider_prep.pipeline import convert
for name, style in (("chelsea", "none"), ("coffee", "recipe:illustration")):
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


def test_number_of_threads(here: str) -> None:
    assert stitches(OMP_NUM_THREADS="3", OPENBLAS_NUM_THREADS="3") == here
