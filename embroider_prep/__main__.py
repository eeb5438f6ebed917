"""``python -m embroider_prep`` is ``embroider-prep``; both begin here, so that a stop is heard from the start."""

from __future__ import annotations

# The module `signal` is this one and its names as enumerations, which take longer to load than all the rest here.
import _signal  # type: ignore[import-not-found]
import os


def _stop_at_once(number: int, frame: object) -> None:
    """Nothing is begun yet that would have to be cleared up."""
    os._exit(128 + number)


def main() -> None:
    """Run the command line."""
    # Loading takes a tenth of a second, and a traceback out of somebody's module would be all that Ctrl-C gives.
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _stop_at_once)
    from embroider_prep.cli import main as run

    run()


if __name__ == "__main__":
    main()
