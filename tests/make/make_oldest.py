"""Print the oldest dependencies that are allowed, as constraints: ``python tests/make/make_oldest.py > oldest.txt``.

``pip install -c oldest.txt .`` then installs them; the public checks run the tests so.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"


def oldest() -> list[str]:
    """Return a line for each dependency: any release of the oldest minor version."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    lines = []
    for text in project["dependencies"]:
        name, version, marker = re.fullmatch(r"([\w.-]+)>=([\d.]+)(?:,<[\d.]+)?(;.*)?", text).groups()  # type: ignore[union-attr]
        dots = version.count(".")
        exact = version if dots > 1 else f"{version}.*" if dots else f"{version}.0.*"
        lines.append(f"{name}=={exact}{' ' + marker if marker else ''}".replace(" ;", ";"))
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(oldest()) + "\n")
