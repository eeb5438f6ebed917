"""Write what a wheel installs for shells and ``man``: ``python tests/make/make_shell.py``. A test compares it.

Completions are those that click makes; bash, zsh and fish look for them in the places that ``pyproject.toml`` names.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
from click.shell_completion import get_completion_class

from embroider_prep.cli.entry import COMMANDS, EPILOG, PROGRAM, root

SHARE = Path(__file__).parent.parent.parent / "share"
VARIABLE = "_EMBROIDER_PREP_COMPLETE"


def completion(shell: str) -> str:
    """Return the script that completes commands and options in a shell."""
    kind = get_completion_class(shell)
    assert kind is not None
    made = kind(root, {}, PROGRAM, VARIABLE)
    # Not `source`: for bash it would ask the bash of this computer for its version.
    return (made.source_template % made.source_vars()).strip() + "\n"


def roff(text: str) -> str:
    """Return text that roff takes for text."""
    return re.sub(r"(?m)^([.'])", r"\\&\1", text.replace("\\", "\\e").replace("-", "\\-"))


def man() -> str:
    """Return the page for ``man embroider-prep``."""
    lines = [f'.TH {PROGRAM.upper()} 1 "" "{PROGRAM}" "User Commands"', ".SH NAME"]
    lines += [roff(f"{PROGRAM} - turn a photograph into a machine embroidery file"), ".SH SYNOPSIS"]
    lines += [f".B {roff(PROGRAM)}", r"[\fICOMMAND\fR] [\fIOPTIONS\fR] \fIFILE\fR ...", ".SH DESCRIPTION"]
    help_text = inspect.cleandoc(root.help or "").split("\b")[0]
    lines += [roff(" ".join(help_text.split())), ".SH COMMANDS"]
    context = click.Context(root, info_name=PROGRAM)
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        lines += [".TP", f".B {roff(name)}", roff(COMMANDS[name][1])]
    lines += [".SH OPTIONS", roff("COMMAND --help shows the options of a command; convert --help-all shows them all.")]
    lines += [".SH EXIT STATUS", roff(EPILOG.removeprefix("Exit codes: ")), ".SH EXAMPLES", ".nf"]
    lines += [
        roff(line)
        for line in (
            f"{PROGRAM} demo",
            f"{PROGRAM} convert photo.jpg -o design.pes --width 100mm --sheet",
            f"{PROGRAM} report design.pes",
        )
    ]
    return "\n".join([*lines, ".fi"]) + "\n"


def files() -> dict[str, str]:
    """Return every file by name."""
    return {
        f"{PROGRAM}.bash": completion("bash"),
        f"_{PROGRAM}": completion("zsh"),
        f"{PROGRAM}.fish": completion("fish"),
        f"{PROGRAM}.1": man(),
    }


if __name__ == "__main__":
    for name, text in files().items():
        (SHARE / name).write_text(text, encoding="utf-8")
