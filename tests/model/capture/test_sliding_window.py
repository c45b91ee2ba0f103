"""A model that sees only a few tokens back: what it may not see counts nowhere."""

import shutil

import numpy as np
import pytest
import torch
from transformers import MistralConfig, MistralModel

from dashboard import open_model
from dashboard.analyses.compare.divergence import compare
from dashboard.analyses.explore import api
from dashboard.heads.links import links
from dashboard.models import find

TEXT = "one two three four five six seven eight nine ten eleven twelve one two"
WINDOW = 4


@pytest.fixture(scope="module")
def mistral(smollm2, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistral")
    torch.manual_seed(0)
    config = MistralConfig(
        vocab_size=49152,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=WINDOW,
        initializer_range=0.5,
    )
    MistralModel(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(find("smollm2").folder / name, folder)
    return open_model(str(folder))


def test_only_what_is_seen_is_a_link_and_compared(mistral):
    a, b = api.attentions(mistral, TEXT, ["L0H0", "L1H1"])
    n = len(a)
    seen = np.tri(n, dtype=bool) & ~np.tri(n, k=-WINDOW, dtype=bool)
    assert np.array_equal(a.allowed, seen)
    assert len(links(a)) == seen.sum()
    rows = a.counted
    cells = seen[rows]
    wanted = np.corrcoef(a.weights[rows][cells], b.weights[rows][cells])[0, 1]
    assert compare(a, b).pearson == pytest.approx(wanted, abs=1e-6)


def test_a_window_and_words_keep_the_mask(mistral):
    [view] = api.attentions(mistral, TEXT, ["L1H1"], unit="words", special="hide")
    part = view.window(3, 9)
    assert np.array_equal(part.allowed, view.allowed[3:9, 3:9])
    assert view.choices.max() == WINDOW and np.array_equal(part.choices, view.choices[3:9])
    assert not (view.weights[~view.allowed] > 0).any()
