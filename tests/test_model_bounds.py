"""Networks that mean no good: without an end, of gigabytes, with weights in other files."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_onnx import CARD, save_tiny

from embroider_prep.bounded import run_bounded, still_running
from embroider_prep.errors import ModelError
from embroider_prep.onnx_file import DamagedModel, has_external_data
from embroider_prep.stylizer.card import file_sha256, write_card
from embroider_prep.stylizer.session import open_session

WINDOW = np.zeros((1, 64, 64, 3), np.uint8)


def save_graph(folder: Path, nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto]) -> Path:
    """Write a model of these nodes from ``photo`` to ``illustration``, and a card that fits."""
    ends = [
        helper.make_tensor_value_info(name, TensorProto.UINT8, ["n", "h", "w", 3]) for name in ("photo", "illustration")
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    folder.mkdir()
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    write_card(replace(CARD, sha256=file_sha256(path)), folder / "card.json")
    return path


def endless(folder: Path, kind: str = "for") -> Path:
    """A loop of 2**62 rounds that does nothing, or of work in each round."""
    shape = ["n", "h", "w", 3]
    inside = [helper.make_node("Identity", ["c"], ["co"])]
    if kind == "work":
        inside += [helper.make_node("Add", ["v", "v"], ["v2"]), helper.make_node("Add", ["v2", "v"], ["vo"])]
    else:
        inside += [helper.make_node("Identity", ["v"], ["vo"])]
    body = helper.make_graph(
        inside,
        "b",
        [
            helper.make_tensor_value_info("it", TensorProto.INT64, []),
            helper.make_tensor_value_info("c", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.UINT8, shape),
        ],
        [
            helper.make_tensor_value_info("co", TensorProto.BOOL, []),
            helper.make_tensor_value_info("vo", TensorProto.UINT8, shape),
        ],
    )
    rounds = "" if kind == "while" else "m"
    weights = [numpy_helper.from_array(np.array(2**62), "m"), numpy_helper.from_array(np.array(True), "t")]
    return save_graph(folder, [helper.make_node("Loop", [rounds, "t", "photo"], ["illustration"], body=body)], weights)


def greedy(folder: Path, kind: str) -> Path:
    """A few bytes that want 3.6 GB: made from a constant (when it is opened) or from the photo (when it runs)."""
    one = helper.make_tensor("one", TensorProto.UINT8, [1], [1])
    weights = [numpy_helper.from_array(np.array([60_000, 60_000]), "s")]
    if kind == "constant":
        nodes = [helper.make_node("ConstantOfShape", ["s"], ["c"], value=one)]
    else:
        weights.append(numpy_helper.from_array(np.array([1, 1000, 1000, 1]), "s2"))
        nodes = [
            helper.make_node("Tile", ["photo", "s2"], ["c"])
            if kind == "tile"
            else helper.make_node("Concat", ["photo"] * 300_000, ["c"], axis=0)
        ]
    nodes.append(helper.make_node("ReduceMax", ["c"], ["r"], keepdims=0))
    nodes.append(helper.make_node("Add", ["photo", "r"], ["illustration"]))
    return save_graph(folder, nodes, weights)


@pytest.mark.parametrize("kind", ["for", "while", "work"])
def test_a_model_without_an_end_is_stopped(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embroider_prep.stylizer.session.MAX_MODEL_S", 1.0)
    session = open_session(endless(tmp_path / "m", kind))
    start = time.monotonic()
    with pytest.raises(ModelError, match="no result after 1 s; stopped"):
        session.run(WINDOW)
    assert time.monotonic() - start < 8
    assert not still_running()


@pytest.mark.skipif(sys.platform != "linux", reason="the bound of address space is Linux's")
@pytest.mark.parametrize("kind", ["constant", "tile"])
def test_a_model_that_wants_gigabytes_is_refused(kind: str, tmp_path: Path) -> None:
    path = greedy(tmp_path / "m", kind)
    code = (
        "import re, numpy as np\n"
        "from pathlib import Path\n"
        "from embroider_prep.errors import ModelError\n"
        "from embroider_prep.stylizer.session import open_session\n"
        "try:\n"
        f"    open_session({str(path)!r}).run(np.zeros((1, 64, 64, 3), np.uint8))\n"
        "except ModelError as error:\n"
        "    print(error.message)\n"
        # Not ru_maxrss: a new process inherits that of the one that started it.
        "print(int(re.search(r'VmHWM:\\s+([0-9]+)', Path('/proc/self/status').read_text())[1]) // 1024)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    message, megabytes = ran.stdout.splitlines()
    assert "ONNX Runtime" in message
    assert int(megabytes) < 1000
    assert ran.stderr == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_model_without_an_end_obeys_signals(name: str, tmp_path: Path) -> None:
    path = endless(tmp_path / "m")
    words = [sys.executable, "-m", "embroider_prep", "stylize", "sample:coffee", "-o", str(tmp_path / "o.png")]
    child = subprocess.Popen([*words, "--style", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(6)
    number = getattr(signal, name)
    start = time.monotonic()
    child.send_signal(number)
    _, err = child.communicate(timeout=20)
    assert child.returncode == 128 + number
    assert time.monotonic() - start < 10
    assert "Traceback" not in err
    assert [item.name for item in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("place", ["initializer", "attribute", "branch", "sparse"])
def test_weights_in_other_files_are_refused(place: str, tmp_path: Path) -> None:
    tensor = numpy_helper.from_array(np.ones(4, np.uint8), "w")
    outside = onnx.TensorProto()
    outside.CopyFrom(tensor)
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    entry = outside.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    nodes, weights = [helper.make_node("Identity", ["photo"], ["illustration"])], []
    if place == "initializer":
        weights = [outside]
    elif place == "attribute":
        nodes.append(helper.make_node("Constant", [], ["k"], value=outside))
    elif place == "branch":
        branch = helper.make_graph([helper.make_node("Constant", [], ["k"], value=outside)], "b", [], [])
        nodes.append(helper.make_node("If", ["t"], ["k2"], then_branch=branch, else_branch=branch))
    else:
        sparse = onnx.SparseTensorProto()
        sparse.values.CopyFrom(outside)
        nodes.append(helper.make_node("Constant", [], ["k"], sparse_value=sparse))
    path = save_graph(tmp_path / "m", nodes, weights)
    with pytest.raises(ModelError, match="its weights lie in other files"):
        open_session(path)


def test_a_model_that_is_whole_is_whole(tmp_path: Path) -> None:
    data = save_tiny(tmp_path / "m").read_bytes()
    assert not has_external_data(data)
    with pytest.raises(DamagedModel):
        has_external_data(data[:-3])
    rng = random.Random(0)
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(3):
            broken[rng.randrange(min(len(broken), 400))] = rng.randrange(256)
        try:
            assert has_external_data(bytes(broken)) in (True, False)
        except DamagedModel:
            continue


def test_a_card_that_asks_too_much_of_tiles(tmp_path: Path) -> None:
    path = save_tiny(tmp_path / "m")
    card = json.loads((tmp_path / "m" / "card.json").read_text())
    (tmp_path / "m" / "card.json").write_text(json.dumps({**card, "bytes_per_px": 10**18, "stride": 10**12}))
    with pytest.raises(ModelError, match="stride"):
        open_session(path)


def test_what_work_raises_is_raised() -> None:
    def fail() -> None:
        raise KeyError("a")

    def nothing() -> None:
        pass

    assert run_bounded(lambda: 3, nothing, seconds=5, more_bytes=None, what="a") == 3
    with pytest.raises(KeyError):
        run_bounded(fail, nothing, seconds=5, more_bytes=None, what="a")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's own")
def test_the_bound_ends_with_the_work() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)

    def work() -> tuple[int, int]:
        return resource.getrlimit(resource.RLIMIT_AS)

    soft, hard = run_bounded(work, lambda: None, seconds=5, more_bytes=1 << 29, what="a")
    assert 1 << 29 < soft < 1 << 44
    assert hard == before[1]
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_stop_cancels_the_work() -> None:
    cancelled = threading.Event()

    def work() -> None:
        cancelled.wait(10)

    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        run_bounded(work, cancelled.set, seconds=20, more_bytes=None, what="a")
    assert cancelled.is_set()
    assert not still_running()
