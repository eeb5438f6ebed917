"""Checkpoints that describe themselves: config, seed, data, code revision, weights, optimiser; loaded weights-only."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import torch

from embroider_prep.errors import InputError, OptionsError
from embroider_prep.files import atomic_write
from training.networks import Picture, build
from training.options import TrainOptions

FORMAT = 1
FREE = {
    "fit": {"device", "threads", "save_every", "sheet_every", "ask_every", "tensorboard", "start"},
    "data": {"workers", "licence", "pairs"},
    "loss": {"licence"},
}
"""Options that may differ when a run is resumed: the result does not depend on them (pairs go by their hash)."""


def git_revision() -> str:
    """Return the commit of the checkout, with ``+`` when files differ from it; empty outside of one."""
    folder = Path(__file__).parent
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--match="],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip()


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint; a full disk or Ctrl-C leaves the one before. Raises ``OutputError``."""
    memory = io.BytesIO()
    torch.save({"format": FORMAT, "git": git_revision(), "torch": str(torch.__version__), **state}, memory)
    with atomic_write(path) as file:
        file.write(memory.getbuffer())


def load(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint: tensors and plain values, no code.

    Raises
    ------
    InputError
        When it is missing, damaged, or no checkpoint of this program.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such checkpoint", hint="python -m training fit writes last.pt")
    try:
        state = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as error:
        # Damage shows as any of pickle's, zipfile's and torch's own errors.
        raise InputError(f"{path}: cannot read the checkpoint: {str(error).splitlines()[0]}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise InputError(f"{path}: not a checkpoint of format {FORMAT}", hint="train again with this version")
    return state


def options_of(state: dict[str, Any]) -> TrainOptions:
    """Return the config that a checkpoint was trained with."""
    return TrainOptions.from_mapping(state["options"])


def network_of(state: dict[str, Any]) -> Picture:
    """Return the trained network, its running mean where there is one, ready to be used."""
    net = build(options_of(state).network)
    net.load_state_dict(state["average"] or state["network"])
    return net.eval()


def check_same(before: dict[str, Any], options: TrainOptions) -> None:
    """Raise ``OptionsError`` when a run would go on with a config that changes its result."""
    now = options.as_dict()
    for section, table in now.items():
        old = before.get(section)
        if not isinstance(table, dict):
            continue
        for name, value in table.items():
            if name not in FREE.get(section, set()) and old is not None and old.get(name) != value:
                raise OptionsError(
                    f"{section}.{name} is {value!r} but the checkpoint was trained with {old.get(name)!r}",
                    hint="train into a new folder; fit.start takes over the weights",
                )
