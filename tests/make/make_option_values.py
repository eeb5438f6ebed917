"""Write ``embroider_prep/option_values.py``: the names and types of single options, for editors and type checkers.

python tests/make/make_option_values.py
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from embroider_prep import options
from embroider_prep.checked import Options
from embroider_prep.options import ConvertOptions

HOME = Path(options.__file__).with_name("option_values.py")

HEAD = '''"""Single options by name, as editors complete them: written by ``tests/make/make_option_values.py``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from embroider_prep.design import Thread
'''


def kept(kind: type[Options]) -> list[tuple[str, str]]:
    """Return the names of the options of one step with their types, as the class says them."""
    return [(item.name, str(item.type)) for item in dataclasses.fields(kind) if "kind" in item.metadata]


def loose(name: str, type_: str) -> str:
    """Return the type of what a caller may give: lengths also as text with a unit, paths also as `Path`."""
    if name.endswith(("_mm", "_mm2")) and not name.endswith("per_mm"):
        return type_.replace("float", "float | str")
    if name == "chart":
        return "str | Path | Sequence[Thread]"
    if name in ("spools", "measured", "machine", "style", "background_mask"):
        return type_.replace("str", "str | Path")
    return type_.replace("tuple[str, ...]", "Sequence[str] | str")


def text() -> str:
    """Return the module's text."""
    out = [HEAD]
    names = []
    for kind in ConvertOptions.steps().values():
        names.append(kind.__name__.replace("Options", "Values"))
        fields = [f"    {name}: {loose(name, type_)}" for name, type_ in kept(kind)]
        body = "\n".join(fields)
        out.append(
            f'\n\nclass {names[-1]}(TypedDict, total=False):\n    """Options of `{kind.__name__}`."""\n\n{body}\n'
        )
    every: dict[str, str] = {}
    for kind in ConvertOptions.steps().values():
        every |= {name: loose(name, type_) for name, type_ in kept(kind)}
    body = "\n".join(f"    {name}: {type_}" for name, type_ in every.items())
    out.append(
        f'\n\nclass ConvertValues(TypedDict, total=False):\n    """Options of all steps of a conversion."""\n\n{body}\n'
    )
    return "".join(out)


if __name__ == "__main__":
    HOME.write_text(text(), encoding="utf-8")
