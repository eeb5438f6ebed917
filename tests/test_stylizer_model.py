"""Models, their cards and sessions: promises are checked, and a fall back is said."""

import json
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_onnx import CARD, save_tiny

from embroider_prep import runtime
from embroider_prep.errors import InputError, ModelError, OptionsError
from embroider_prep.options import StylizeOptions
from embroider_prep.runtime import CPU, CUDA
from embroider_prep.stylizer import session as session_module
from embroider_prep.stylizer import stylize as stylize_module
from embroider_prep.stylizer.card import ModelCard, read_card, write_card
from embroider_prep.stylizer.session import open_session
from embroider_prep.stylizer.stylize import find_model, list_models, open_style, stylize

PHOTO = np.random.default_rng(1).integers(0, 256, (21, 34, 3), np.uint8)


def test_a_card_survives_its_file(tmp_path: Path) -> None:
    card = replace(CARD, teacher={"recipe": "night", "options": {"colors": 64}}, metrics={"psnr_db": 31.5})
    write_card(card, tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == card


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stride": 0}, "stride 0"),
        ({"halo_px": 10}, "no multiple of the stride"),
        ({"halo_px": 4}, "does not cover the receptive field"),
        ({"stride": "4"}, "not a whole number"),
        ({"stride": True}, "not a whole number"),
        ({"name": 3}, "not text"),
        ({"parity": 3}, "not a table"),
        ({"dtype": "float32"}, "dtype 'float32'"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"schema": 2}, "schema 2"),
        ({"fp16": {"file": "../x.onnx", "sha256": ""}}, "a file name beside the card"),
        ({"colour": 1}, "unknown field 'colour'"),
    ],
)
def test_a_wrong_card_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    (tmp_path / "card.json").write_text(json.dumps({**CARD.as_dict(), **change}))
    with pytest.raises(ModelError, match=message) as error:
        read_card(tmp_path / "card.json")
    assert "card.json" in error.value.message


@pytest.mark.parametrize(
    ("text", "message"), [("{", "not JSON"), ("[]", "a table is needed"), ("{}", "'name' is missing")]
)
def test_a_damaged_card_is_named(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        ModelCard.from_json(text, where="card.json")


def test_a_model_that_is_not_the_cards_is_refused(tmp_path: Path) -> None:
    path = save_tiny(tmp_path, sha256="0" * 64)
    with pytest.raises(ModelError, match="sha256"):
        stylize(PHOTO, StylizeOptions(style=str(path)))


def test_wrong_shapes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="allowed is uint8"):
        open_session(save_tiny(tmp_path, channels_out=4))
    with pytest.raises(ModelError, match="the card promises 'picture'"):
        open_session(save_tiny(tmp_path, input="picture"))


def test_a_wrong_stride_is_an_error_not_a_crash(tmp_path: Path) -> None:
    path = save_tiny(tmp_path, stride=2)
    with pytest.raises(ModelError, match=r"failed on|it gave"):
        stylize(PHOTO[:18, :18], StylizeOptions(style=str(path)))


def test_missing_and_damaged_models(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        stylize(PHOTO, StylizeOptions(style=str(tmp_path / "none.onnx")))
    (tmp_path / "bad.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"bad\.onnx: ONNX Runtime cannot open"):
        open_session(tmp_path / "bad.onnx", CARD)
    with pytest.raises(ModelError, match="no such model"):
        open_session(tmp_path / "none.onnx", CARD)


def test_a_card_may_travel_inside_the_model(tmp_path: Path) -> None:
    path = save_tiny(tmp_path, metadata=True)
    assert open_session(path).card == CARD
    path = save_tiny(tmp_path / "bare", metadata=True)
    assert stylize(PHOTO, StylizeOptions(style=str(path))).shape == PHOTO.shape


def test_a_model_without_a_card_is_refused(tmp_path: Path) -> None:
    path = save_tiny(tmp_path)
    (tmp_path / "card.json").unlink()
    with pytest.raises(ModelError, match="has no card"):
        open_session(path)


@pytest.mark.parametrize("style", ["none", "recipe:illustration", "recipe:night", "recipe:contour", "recipe:spotlight"])
@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (40, 30)])
def test_styles_keep_the_shape(style: str, shape: tuple[int, int]) -> None:
    rgb8 = PHOTO[: shape[0], : shape[1]] if shape[0] <= 21 else np.tile(PHOTO, (2, 1, 1))[:40, :30]
    before = rgb8.copy()
    out = stylize(rgb8, StylizeOptions(style=style))
    assert out.shape == rgb8.shape
    assert out.dtype == np.uint8
    assert np.array_equal(rgb8, before)
    assert not np.shares_memory(out, rgb8)


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 4), "u1")]
)
def test_what_is_no_picture_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match="is not a picture"):
        stylize(bad, StylizeOptions(style="none"))


def test_unknown_styles_name_the_closest() -> None:
    with pytest.raises(OptionsError, match="recipe:illustration"):
        stylize(PHOTO, StylizeOptions(style="recipe-illustration"))
    with pytest.raises(OptionsError, match="did you mean 'night'"):
        stylize(PHOTO, StylizeOptions(style="recipe:nigt"))


def test_models_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_tiny(tmp_path / "second" / "tiny")
    save_tiny(tmp_path / "first" / "tiny", version="2")
    save_tiny(tmp_path / "second" / "other", name="other")
    monkeypatch.setattr(stylize_module, "model_folders", lambda: [tmp_path / "first", tmp_path / "second"])
    assert [model.name for model in list_models()] == ["other", "tiny"]
    assert find_model("tiny").card.version == "2"
    assert stylize(PHOTO, StylizeOptions(style="tiny")).shape == PHOTO.shape
    assert open_style("tiny") is open_style("tiny")
    with pytest.raises(OptionsError, match="did you mean 'tiny'"):
        find_model("tinny")
    with pytest.raises(OptionsError, match="is unknown"):
        find_model("")


class FakeInner:
    """A session of ONNX Runtime that takes the providers it likes."""

    def __init__(self, _path: str, _settings: object, *, providers: list[object]) -> None:
        self.asked = [name if isinstance(name, str) else name[0] for name in providers]
        self.granted = [name for name in self.asked if name == CPU or not FakeInner.broken]

    broken = True

    def get_providers(self) -> list[str]:
        return self.granted

    def get_inputs(self) -> list[object]:
        return [types.SimpleNamespace(name="photo", type="tensor(uint8)", shape=["n", "h", "w", 3])]

    def get_outputs(self) -> list[object]:
        return [types.SimpleNamespace(name="illustration", type="tensor(uint8)", shape=["n", "h", "w", 3])]


@pytest.fixture
def with_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    class Settings:
        def add_session_config_entry(self, _key: str, _value: str) -> None:
            pass

    fake = types.SimpleNamespace(SessionOptions=Settings, InferenceSession=FakeInner)
    monkeypatch.setattr(session_module, "cuda_driver_loads", lambda: True)
    monkeypatch.setattr(session_module, "onnxruntime", lambda: fake)
    monkeypatch.setattr(runtime, "onnxruntime", lambda: fake)


@pytest.mark.usefixtures("with_driver")
def test_a_silent_fall_back_to_the_cpu_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").touch()
    monkeypatch.setattr(FakeInner, "broken", True)
    session = open_session(tmp_path / "model.onnx", CARD)
    assert session.provider == CPU
    assert [finding.code for finding in session.findings] == ["cuda-missing"]
    monkeypatch.setattr(FakeInner, "broken", False)
    session = open_session(tmp_path / "model.onnx", CARD)
    assert (session.provider, session.findings) == (CUDA, ())
    assert open_session(tmp_path / "model.onnx", CARD, device="cpu").provider == CPU


def test_cuda_that_is_asked_for_and_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "cuda_driver_loads", lambda: False)
    path = save_tiny(tmp_path)
    with pytest.raises(ModelError, match="NVIDIA driver"):
        stylize(PHOTO, StylizeOptions(style=str(path), device="cuda"))


def test_preloading_keeps_stdout_clean(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    calls = []
    fake = types.ModuleType("onnxruntime")
    fake.set_default_logger_severity = lambda _level: None  # type: ignore[attr-defined]
    fake.preload_dlls = lambda: (calls.append(1), print("noise"))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    monkeypatch.setattr(runtime, "cuda_driver_loads", lambda: True)
    runtime.onnxruntime.cache_clear()
    try:
        runtime.onnxruntime()
        runtime.onnxruntime()
    finally:
        runtime.onnxruntime.cache_clear()
    assert calls == [1]
    assert capsys.readouterr().out == ""
