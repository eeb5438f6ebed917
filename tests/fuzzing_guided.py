"""Inputs that grow by what they reach in the program, as long as a person likes; needs ``pip install atheris``.

``python tests/fuzzing_guided.py KIND [FOLDER] [-max_total_time=3600]``: a kind of `fuzzing.kinds`; what is found new is
kept in the folder; all else goes to libFuzzer. It stops at the first surprise and writes the input that made it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main(words: list[str]) -> int:
    """Run until a surprise or libFuzzer's own end; 2 when the words or the package are wrong."""
    try:
        import atheris
    except ImportError:
        print("fuzzing_guided: the package atheris is not there: pip install atheris", file=sys.stderr)
        return 2
    os.environ["EMBROIDER_PREP_CONFIG"] = ""
    # What is imported from here on tells where it goes.
    with atheris.instrument_imports(include=["embroider_prep"]):
        from fuzzing import Fuzz
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(Path(folder))
        if not words or words[0] not in fuzz.kinds:
            print(f"fuzzing_guided: a kind of input is needed: {', '.join(fuzz.kinds)}", file=sys.stderr)
            return 2
        name = words[0]

        def one(data: bytes) -> None:
            what = fuzz.try_one(name, data)
            if what:
                raise AssertionError(what)

        seeds = Path(folder) / "seeds"
        seeds.mkdir()
        for number, seed in enumerate(fuzz.kinds[name].seeds):
            (seeds / str(number)).write_bytes(seed)
        fuzz.sound.update({path.relative_to(folder): path.read_bytes() for path in seeds.iterdir()})
        folders = [word for word in words[1:] if not word.startswith("-")]
        settings = [word for word in words[1:] if word.startswith("-")]
        atheris.Setup([sys.argv[0], *settings, *folders, str(seeds)], one)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
