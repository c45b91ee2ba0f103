"""Whatever a model's own code raises is a sentence."""

import pytest

from dashboard import ablate, attention, scores, verify
from dashboard.capture import open_model
from dashboard.errors import UserError
from tests.helpers import tiny

TEXT = " ".join(tiny.SENTENCES[:2])


@pytest.mark.parametrize(
    "error",
    [
        KeyError("half"),
        IndexError("out of range"),
        ZeroDivisionError(),
        RuntimeError("a\nb"),
        MemoryError(),
        TypeError(),
    ],
)
def test_whatever_a_models_code_raises_is_a_sentence(error, tiny_model, snapshot):
    model = open_model(str(tiny_model("bert")))

    def broken(*args, **kwargs):
        raise error

    model.loaded.model.encoder.layer[1].forward = broken
    told = set()
    for work in (
        lambda: attention(model, TEXT, "L2H0"),
        lambda: scores(model, TEXT),
        lambda: verify(model, TEXT),
        lambda: ablate(model, TEXT, ["L2H0"]),
    ):
        with pytest.raises(UserError) as said:
            work()
        told.add(str(said.value))
    [sentence] = told
    assert model.title in sentence and "\n" not in sentence
    assert sentence.replace(model.title, "…") == snapshot


def test_whatever_a_tokenizers_code_raises_is_a_sentence(tiny_model, monkeypatch, refuses):
    model = open_model(str(tiny_model("bert")))

    def broken(*_, **__):
        raise KeyError("piece")

    monkeypatch.setattr("dashboard.capture.model.encode", broken)
    with refuses(UserError, "“piece”"):
        model.encode(TEXT)


def test_whatever_opening_raises_is_a_sentence(tiny_model, monkeypatch, not_opened):
    folder = tiny_model("bert")

    def broken(*_, **__):
        raise LookupError("nowhere")

    monkeypatch.setattr("dashboard.capture.open.limit_of", broken)
    not_opened(folder, "LookupError: nowhere")
