"""The pages of the documentation as data: their commands, code, pictures and links; and what their commands need."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
DOCS = CHECKOUT / "docs"


def pages() -> list[Path]:
    """Return every page for people, the README first."""
    roots = [CHECKOUT / "README.md", *sorted(CHECKOUT.glob("[A-Z]*.md"))]
    return [*dict.fromkeys(roots), *sorted(DOCS.glob("*.md"))]


@dataclass(frozen=True)
class Block:
    """One block of code and its language; indented ones of commands are ``sh``."""

    language: str
    code: str
    line: int


@dataclass(frozen=True)
class Made:
    """A picture that a page shows: ``sources`` side by side, which the commands of the block above it write."""

    target: str
    sources: tuple[str, ...]
    width_px: int
    line: int


def blocks(text: str) -> list[Block]:
    """Return the blocks of code of a page in order."""
    found = [
        Block(language, code, text[: match.start()].count("\n") + 1)
        for match in re.finditer(r"^```([\w{}-]*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        for language, code in [match.groups()]
    ]
    bare = re.sub(r"^```.*?^```$", lambda gone: "\n" * gone[0].count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    found += [
        Block("sh", re.sub("^    ", "", match[1], flags=re.MULTILINE), bare[: match.start()].count("\n"))
        for match in re.finditer(r"(?<=\n\n)((?:    .*\n)+)", bare)
    ]
    return sorted(found, key=lambda block: block.line)


def pictures(text: str) -> list[Made]:
    """Return what the comments above pictures say: ``<!-- picture: TARGET from SOURCE + SOURCE, WIDTH px -->``."""
    return [
        Made(match[1], tuple(match[2].split(" + ")), int(match[3]), text[: match.start()].count("\n") + 1)
        for match in re.finditer(r"<!-- picture: (\S+) from (.+?), (\d+) px -->", text)
    ]


def commands(block: Block) -> list[str]:
    """Return the lines of a block that call the program, without what a shell does with their output."""
    if block.language != "sh":
        return []
    lines = (line.strip().split("  #")[0].strip() for line in block.code.splitlines())
    return [line.split(" | ")[0] for line in lines if line.startswith("embroider-prep ")]


def materials(folder: Path) -> None:
    """Put the files there that the pages' commands name: small pictures, lists, a design of somebody's."""
    import numpy as np
    import skimage
    from PIL import Image, ImageDraw

    import embroider_prep as ep

    data = Path(skimage.__file__).parent / "data"
    for name, sample in {
        "photo.jpg": "coffee",
        "portrait.jpg": "astronaut",
        "party.jpg": "astronaut",
        "indoors.jpg": "coffee",
        "dog.jpg": "chelsea",
        "fox.jpg": "chelsea",
    }.items():
        picture = Image.open(data / f"{sample}.png").convert("RGB")
        picture.thumbnail((240, 240))
        picture.save(folder / name)
    (folder / "photos").mkdir()
    shutil.copy(folder / "dog.jpg", folder / "photos" / "dog.jpg")
    logo = Image.new("RGB", (160, 120), "white")
    ImageDraw.Draw(logo).ellipse((30, 20, 130, 100), fill=(200, 30, 40))
    logo.save(folder / "logo.png")
    (folder / "logo.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40mm" height="30mm" viewBox="0 0 40 30">'
        '<rect width="40" height="30" fill="#1f4fa3"/><circle cx="20" cy="15" r="8" fill="#ffffff"/></svg>',
        encoding="utf-8",
    )
    mask = Image.new("L", (240, 240), 0)
    ImageDraw.Draw(mask).ellipse((60, 20, 180, 239), fill=255)
    mask.save(folder / "mask.png")
    (folder / "my-maker.gpl").write_text(
        "GIMP Palette\nName: My maker\n200 30 40 1001 Red\n250 250 250 1002 White\n60 30 10 1003 Brown\n"
        "180 150 90 1004 Sand\n20 20 20 1005 Black\n",
        encoding="utf-8",
    )
    (folder / "my-maker.csv").write_text("number,name,hex\n1001,Red,#c81e28\n1003,Brown,#3c1e0a\n", encoding="utf-8")
    (folder / "my-colours.csv").write_text("number,hex\n0020,#101010\n", encoding="utf-8")
    (folder / "my-spools.txt").write_text("058\n800\n900\n001\n", encoding="utf-8")
    (folder / "mine.toml").write_text(
        'title = "Mine"\nformats = ["DST"]\n[[hoop]]\nwidth_mm = 110\nheight_mm = 110\n', encoding="utf-8"
    )
    (folder / "design.toml").write_text("[size]\nwidth_mm = 30\n[quantize]\nthreads = 4\n", encoding="utf-8")
    # Stands for the model that a reader has trained.
    shutil.copytree(CHECKOUT / "exports" / "illustration", folder / "exports" / "mine")
    stitches = np.stack([np.arange(30) * 2.0, np.tile([0.0, 4.0], 15)], axis=1)
    thread = ep.Thread(brand="", chart="", code="1", name="Red", rgb8=(200, 30, 40))
    block = ep.StitchBlock(thread=0, kind="running", xy_mm=stitches)
    plan = ep.StitchPlan(threads=(thread,), objects=(), blocks=(block,), max_stitch_mm=12.1, trim_above_mm=1.0)
    ep.write(plan, folder / "somebodys.dst")


def provided(folder: Path, words: list[str]) -> list[str]:
    """Return the words with patterns as a shell expands them, and put a file there for each that a command reads.

    What no page before has written is a copy of one of its kind.
    """
    kinds = {".jpg": "photo.jpg", ".png": "logo.png", ".gpl": "my-maker.gpl", ".csv": "my-maker.csv"}
    kinds |= {".txt": "my-spools.txt", ".toml": "design.toml", ".dst": "somebodys.dst", ".svg": "logo.svg"}
    for before, word in zip(["", *words], words, strict=False):
        source = kinds.get(Path(word).suffix.lower())
        if source and before not in ("-o", "--output", "--strip") and "*" not in word and not (folder / word).exists():
            shutil.copy(folder / source, folder / word)
    found = [sorted(folder.glob(word)) if "*" in word else [] for word in words]
    return [text for word, hits in zip(words, found, strict=True) for text in ([hit.name for hit in hits] or [word])]


NOT_RUN = {"serve", "setup"}
"""Commands that do not end, or that ask questions when they stand alone."""

SMALL = {"convert": 26, "quantize": 26, "stylize": 26, "digitize": 26, "try": 16, "batch": 16, "demo": 26}


def shrunk(words: list[str]) -> list[str] | None:
    """Return a command so that it takes about a second: small, few threads; None for one that is not run."""
    verb = words[0]
    if verb == "inkscape":
        # It would write into the folders of whoever runs the tests: tests/test_inkscape_menu.py.
        return None
    if verb == "serve":
        # It runs until somebody ends it: tests/test_web_server.py.
        return None
    if {"--watch", "--cluster"} & set(words):
        # Without an end, or with other computers: tests/test_batch_common.py, tests/test_batch_cluster.py.
        return None
    if verb in NOT_RUN and not any(word.startswith("--") and word != "--show" for word in words[1:]):
        return None
    out = list(words)
    if Path(verb).suffix == ".jpg":
        # A photo alone.
        return [*out, "--width", "26mm", "--threads", "4"]
    if verb not in SMALL or {"--help", "--help-all"} & set(words):
        return out
    side = SMALL[verb]
    if "--split-hoops" in words:
        side, out[out.index("--hoop") + 1] = 44, "30x30"
    flags = {"--width", "--height"} & set(out)
    for flag in flags:
        out[out.index(flag) + 1] = f"{side}mm"
    if not flags and verb not in ("stylize", "digitize"):
        out += ["--width", f"{side}mm"]
    if "--threads" not in out and verb in ("convert", "quantize", "demo", "batch"):
        out += ["--threads", "4"]
    return out
