"""What a release consists of: completions and the manual page, oldest dependencies, forms and workflows, origins."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent / "make"))
import make_oldest  # noqa: E402
import make_shell  # noqa: E402

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", make_shell.files())
def test_shells_and_man_know_the_commands_that_there_are(name: str) -> None:
    # python tests/make/make_shell.py writes them.
    assert (CHECKOUT / "share" / name).read_text(encoding="utf-8") == make_shell.files()[name]


def test_the_wheel_installs_them_where_they_are_looked_for() -> None:
    shared = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert {Path(source).name for source in shared} == set(make_shell.files())
    assert all((CHECKOUT / source).is_file() for source in shared)
    assert shared["share/embroider-prep.1"] == "share/man/man1/embroider-prep.1"


def test_every_dependency_has_an_oldest_release() -> None:
    lines = make_oldest.oldest()
    wanted = [re.split(r"[><=;\[ ]", text)[0] for text in PROJECT["project"]["dependencies"]]
    assert [line.split("==")[0] for line in lines] == wanted
    assert "platformdirs==4.0.*" in lines
    assert "pyembroidery==1.5.1" in lines


def test_forms_and_workflows_are_well_formed() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the documentation's tools")
    files = [*CHECKOUT.glob(".github/workflows/*.yml"), *CHECKOUT.glob(".github/ISSUE_TEMPLATE/*.yml")]
    assert len(files) >= 5
    for file in files:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        if file.parent.name == "workflows":
            assert data["permissions"] == {"contents": "read"}
            for job in data["jobs"].values():
                assert job["steps"]
        elif "body" in data:
            assert data["name"]
            assert data["description"]


def test_the_public_checks_are_those_of_the_local_command() -> None:
    public = (CHECKOUT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")
    for line in re.findall(r"^step (.+)$", (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE):
        tool = re.sub(r"^python -m ", "", line).split()[0]
        if line.startswith(("pip", "python tests/fuzzing")):
            continue
        assert tool in public, line


def test_python_versions_agree() -> None:
    public = (CHECKOUT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert f'"{oldest}"' in public


def test_what_ships_stands_in_the_table_of_origins() -> None:
    text = (CHECKOUT / "docs" / "origins.md").read_text(encoding="utf-8")
    package = CHECKOUT / "embroider_prep"
    for path in package.rglob("*"):
        # Text of our own is covered by one row; what others made is data.
        if path.suffix in (".onnx", ".png", ".ttf", ".otf", ".woff2", ".wasm", ".npz", ".bin"):
            assert path.name in text, path
    charts = (package / "data" / "charts.csv").read_text(encoding="utf-8")
    assert "nuizu" in charts
    assert "nuizu" in text
    for folder in (CHECKOUT / "exports").iterdir():
        assert f"exports/{folder.name}" in text
