"""What Inkscape calls: its arguments and a file in, a drawing or a stitch file on standard output.

Anything on standard error opens a dialog that waits: nothing on success, one message on failure. Inkscape's own
modules stand before ours in the search path of a program that it starts, so they are taken out first.
"""

from __future__ import annotations

import os
import sys

# Before anything else is imported: Inkscape's folders hold modules of any name.
_PLACES = os.environ.get("PYTHONPATH", "").split(os.pathsep)
_FOREIGN = [place for place in _PLACES if place and "inkscape" in place.lower() and "extensions" in place.lower()]
if _FOREIGN:
    os.environ["PYTHONPATH"] = os.pathsep.join(place for place in _PLACES if place not in _FOREIGN)
    sys.path[:] = [place for place in sys.path if place not in _FOREIGN]

from collections.abc import Sequence  # noqa: E402
from pathlib import Path  # noqa: E402

from embroider_prep.errors import EmbroiderPrepError, InputError  # noqa: E402

ACTIONS = ("photo", "sew", "preview", "preflight", "output", "input")


def parse(arguments: Sequence[str]) -> tuple[dict[str, str], list[str], Path]:
    """Return the settings, the ids of what is selected, and the file."""
    settings: dict[str, str] = {}
    ids: list[str] = []
    files: list[str] = []
    for text in arguments:
        name, equals, value = text.partition("=")
        if not name.startswith("--"):
            files.append(text)
        elif name == "--id":
            ids.append(value)
        elif equals:
            settings[name[2:].replace("-", "_")] = value
    if not files:
        raise InputError("no file was handed over", hint="call it from Inkscape: Extensions > Embroidery")
    return settings, ids, Path(files[-1])


def answer(arguments: Sequence[str]) -> tuple[bytes, str]:
    """Return what belongs on standard output, and what Inkscape shall show.

    Raises
    ------
    EmbroiderPrepError
        Whatever is wrong with the drawing, the picture or the settings.
    """
    settings, ids, path = parse(arguments)
    action = settings.get("action") or "input"
    if action == "input":
        from embroider_prep.inkscape.drawn import open_design

        return open_design(path), ""
    from embroider_prep.inkscape.document import Document

    document = Document(path)
    if action == "photo":
        from embroider_prep.inkscape.photo import convert_picture

        return convert_picture(document, ids, settings), ""
    from embroider_prep.inkscape import drawn

    if action == "sew":
        return drawn.sew(document, settings), ""
    if action == "preview":
        return drawn.preview(document, settings), ""
    if action == "output":
        return drawn.save(document, settings), ""
    if action == "preflight":
        return document.data, drawn.preflight(document, settings)
    raise InputError(
        f"action {action[:40]!r} is unknown; allowed: {', '.join(ACTIONS)}", hint="install the extension again"
    )


def main() -> None:
    """Run one call of Inkscape and leave."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Answer one call; return the exit code."""
    # Whatever a library prints must reach neither the result nor a dialog.
    out, talk = os.dup(1), os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    try:
        data, message = answer(arguments)
    except EmbroiderPrepError as error:
        return _say(talk, error.message + (f"\n{error.hint}" if error.hint else ""))
    except MemoryError:
        return _say(talk, "there is not enough memory\nuse a smaller picture")
    except Exception:
        import traceback

        return _say(talk, "embroider-prep has a fault; please report this:\n" + traceback.format_exc())
    with os.fdopen(out, "wb") as file:
        file.write(data)
    if message:
        _say(talk, message)
    return 0


def _say(stream: int, text: str) -> int:
    os.write(stream, (text.strip() + "\n").encode("utf-8", "replace"))
    return 1


if __name__ == "__main__":
    main()
