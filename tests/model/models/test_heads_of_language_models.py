"""The language-model head of models that keep a part of it elsewhere: the logits are those of the library's model."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from dashboard import open_model, untrained_twin
from dashboard.capture.language import language_head
from tests.helpers import tiny

KINDS = {
    "falcon_h1": {"mamba_d_ssm": 64, "lm_head_multiplier": 0.25},  # a factor that stands in the base model
    "llama4_text": {},  # a base model under another name than its class says
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_logits_are_those_of_the_library(kind, tmp_path):
    tiny.make(kind, tmp_path, head="causal", **KINDS[kind])
    model = open_model(str(tmp_path))
    head, ids = language_head(model), torch.tensor([model.encode(tiny.SENTENCES[0]).ids])
    assert head is not None
    library = AutoModelForCausalLM.from_pretrained(tmp_path, attn_implementation="eager").eval()
    with torch.inference_mode():
        expected = library(ids).logits[0]
        assert (head(model.last_vectors(ids)[0]) - expected).abs().max() < 1e-4 * expected.abs().max()
    assert untrained_twin(model) is not None and language_head(untrained_twin(model)) is not None
