"""The text tower of a model that holds a text against images or sound, against the whole model's own."""

import numpy as np
import pytest
import torch
from transformers import AutoModel, CLIPTextModelWithProjection

from dashboard.analyses.explore.api import attentions
from dashboard.capture import open_model
from tests.helpers import tiny

TEXT = tiny.SENTENCES[0]
KINDS = {
    "align": "images",
    "blip": "images",
    "chinese_clip": "images",
    "clap": "sound",
    "clip": "images",
    "flava": "images",
    "groupvit": "images",
    "metaclip_2": "images",
    "owlvit": "images",
    "siglip": "images",
    "siglip2": "images",
    "vision-text-dual-encoder": "images",
    "xclip": "images",
}


def maps(model, ids):
    with torch.inference_mode():
        return torch.cat(model(torch.tensor([ids]), output_attentions=True).attentions)


@pytest.mark.parametrize("kind", KINDS)
def test_the_tower_reads_as_in_the_whole_model(kind, tmp_path):
    tiny.make(kind, tmp_path)
    model = open_model(str(tmp_path))
    assert f"holds a text against {KINDS[kind]}" in model.note and "names of its weights" not in model.note
    assert "not read" not in model.note
    ids = model.encode(TEXT).ids
    expected = maps(AutoModel.from_pretrained(tmp_path, attn_implementation="eager").eval().text_model, ids)
    ours = np.stack([view.weights for view in attentions(model, TEXT, model.all_heads)])
    assert expected.std() > 0.01
    assert np.allclose(ours, expected.flatten(0, 1), atol=1e-5)


def test_a_tower_by_itself_opens_as_a_text_model(tmp_path):
    config = tiny.make("clip", tmp_path)
    whole, alone = tmp_path / "whole", tmp_path / "alone"
    tiny.make("clip", whole)
    tiny.tokenizer().save_pretrained(alone)
    CLIPTextModelWithProjection.from_pretrained(whole).save_pretrained(alone)
    one, other = open_model(str(whole)), open_model(str(alone))
    assert other.loaded.model.config.model_type == config.text_config.model_type
    assert "holds a text against" not in (other.note or "")
    head = [one.all_heads[5]]
    assert np.allclose(attentions(one, TEXT, head)[0].weights, attentions(other, TEXT, head)[0].weights, atol=1e-6)
