"""Tokenizers and what the weights know of their tokens: rows, padding, positions."""

import json

import pytest
from transformers import PreTrainedTokenizerFast

from dashboard import attention
from dashboard.capture import open_model, visit
from dashboard.capture.limits import limit_of
from dashboard.errors import UserError
from tests.helpers import tiny
from tests.helpers.eager import by_the_library

TEXT = " ".join(tiny.SENTENCES[:2])


def test_a_token_that_every_text_gets_needs_a_row(tiny_model, not_opened):
    """GPT-2 with a <s> that was added and never given a row: what we put in front of its texts."""
    folder = tiny_model("gpt2")
    grown = PreTrainedTokenizerFast.from_pretrained(folder)
    grown.add_special_tokens({"bos_token": "<begin>"})
    last = max(grown.get_vocab().values())
    assert last < tiny.VOCABULARY
    tiny.make("gpt2", folder, vocab_size=last)
    grown.save_pretrained(folder)
    not_opened(folder, f" {last},", f"know {last}", f"model.resize_token_embeddings({last + 1})")


def test_an_added_token_without_a_row_is_refused_where_it_is_typed(tiny_model, refuses):
    folder = tiny_model("gpt2")
    grown = PreTrainedTokenizerFast.from_pretrained(folder)
    grown.add_tokens([f"<extra{number}>" for number in range(40)], special_tokens=True)
    grown.save_pretrained(folder)
    model = open_model(str(folder))
    attention(model, TEXT, "L0H0")
    with refuses(UserError, "“<extra39>”", "400 tokens", "resize_token"):
        attention(model, "A heron <extra39> waits.", "L0H0")


@pytest.mark.parametrize("pad", ["missing", None, -1, 10**6])
def test_padding_that_is_no_token_pads_all_the_same(pad, tiny_model):
    folder = tiny_model("codegen")
    model = open_model(str(folder))
    config = model.loaded.model.config
    if pad == "missing":
        assert not hasattr(config, "pad_token_id") or delattr(config, "pad_token_id") is None
    else:
        config.pad_token_id = pad
    texts = [model.encode(tiny.SENTENCES[0]), model.encode("A heron.")]
    maps = {}

    class Keep:
        def block(self, block):
            maps[block.text, block.layer] = block.weights.numpy().copy()

    visit(model, texts, Keep())
    for place, text in enumerate(texts):
        assert abs(maps[place, 1] - by_the_library(folder, text.ids)[1]).max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "name"),
    [("codegen", "n_positions"), ("ctrl", "n_positions"), ("mpt", "max_seq_len"), ("xlm", "max_position_embeddings")],
)
def test_limits_by_whatever_name(kind, name, tiny_model):
    folder = tiny_model(kind, **{"max_seq_len" if kind == "mpt" else "max_position_embeddings": 48})
    assert json.loads((folder / "config.json").read_text())[name] == 48
    model = open_model(str(folder))
    assert model.limit == 48
    encoding = model.encode(" ".join(tiny.SENTENCES) * 3)
    assert len(encoding) == 48 and encoding.left_out
    assert attention(model, encoding, "L1H1").weights.shape == (48, 48)


@pytest.mark.parametrize("kind", ["gpt2", "bert", "opt"])
def test_no_more_tokens_than_the_table_of_positions_has(kind, tiny_model):
    model = open_model(str(tiny_model(kind))).loaded.model
    model.config.max_position_embeddings = 4096
    assert limit_of(model, None) == tiny.POSITIONS
