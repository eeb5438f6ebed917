"""Build wheel and sdist and try them as a stranger would: ``python tests/make/check_release.py [FOLDER]``.

Built with ``python -m build`` (the wheel from the sdist), installed in an empty environment away from the checkout, run
there. FOLDER keeps what was built. It takes some minutes and asks the package index for the dependencies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
MOST_MB = 20
"""A wheel is no larger."""

NEEDED = (
    "embroider_prep/py.typed",
    "embroider_prep/data/models/illustration/model.onnx",
    "embroider_prep/data/guide/face_full.onnx",
    "embroider_prep/data/NOTICE",
    "share/man/man1/embroider-prep.1",
    "share/bash-completion/completions/embroider-prep",
)
NOT_WANTED = ("tests/", "training/", "torch", "__pycache__", ".pyc", ".hypothesis", "/tmp/")
NEEDED_SOURCES = ("docs/first-patch.md", "tests/test_docs.py", "training/fit.py", "CONTRIBUTING.md", "LICENSE")


def call(*words: str | Path, cwd: Path) -> str:
    """Run a program without this environment's paths and settings; return what it prints."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    clean["EMBROIDER_PREP_CONFIG"] = ""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=clean, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def check_contents(wheel: Path, sdist: Path) -> None:
    """Ask what lies in both: all that is needed, and nothing else."""
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    for name in NEEDED:
        assert any(found.endswith(name) for found in names), f"{wheel.name} lacks {name}"
    for found in names:
        assert not any(word in found for word in NOT_WANTED), f"{wheel.name} has {found}"
    assert wheel.stat().st_size < MOST_MB * 1_000_000, f"{wheel.name}: {wheel.stat().st_size:,} bytes"
    with tarfile.open(sdist) as opened:
        sources = {name.partition("/")[2] for name in opened.getnames()}
    for name in NEEDED_SOURCES:
        assert name in sources, f"{sdist.name} lacks {name}"


def check_installed(wheel: Path, place: Path) -> None:
    """Install the wheel in an empty environment and use it."""
    venv.create(place / "venv", with_pip=True)
    programs = place / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python, program = programs / "python", programs / "embroider-prep"
    call(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=place)
    call(python, "-m", "pip", "check", cwd=place)
    print(call(program, "doctor", cwd=place).splitlines()[-1])
    said = call(program, "convert", "sample:coffee", "-o", "cup.pes", "--width", "40mm", "--sheet", "--json", cwd=place)
    assert json.loads(said)
    size = call(python, "-c", "import embroider_prep as ep; print(ep.read('cup.pes').size_mm)", cwd=place)
    print("cup.pes:", size.strip())
    for name in ("cup.pes", "cup.preview.png", "cup.sheet.html", "cup.report.json"):
        assert (place / name).stat().st_size, name


def main() -> None:
    """Build, look, install, run."""
    with tempfile.TemporaryDirectory(prefix="release-") as made:
        place = Path(made)
        out = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else place / "dist"
        call(sys.executable, "-m", "build", "--outdir", out, CHECKOUT, cwd=place)
        wheel, sdist = max(out.glob("*.whl")), max(out.glob("*.tar.gz"))
        check_contents(wheel, sdist)
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {sdist.name}: {sdist.stat().st_size / 1e6:.1f} MB")
        (place / "away").mkdir()
        check_installed(wheel, place / "away")
    print("the release is sound")


if __name__ == "__main__":
    main()
