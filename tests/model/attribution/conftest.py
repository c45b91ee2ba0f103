"""Tiny models that predict, and the library's own of the same weights."""

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from dashboard import open_model
from tests.helpers import tiny

LABELS = {"id2label": {0: "bad", 1: "so-so", 2: "good"}, "label2id": {"bad": 0, "so-so": 1, "good": 2}}


@pytest.fixture(scope="session")
def predicting(tmp_path_factory):
    """A tiny model of this kind with a head, "causal" or "classes", and the library's own with eager attention."""
    made = {}

    def of(kind, head="causal"):
        if (kind, head) not in made:
            folder = tmp_path_factory.mktemp("predicting") / kind
            folder.mkdir()
            tiny.make(kind, folder, head=head, **(LABELS if head == "classes" else {}))
            auto = AutoModelForCausalLM if head == "causal" else AutoModelForSequenceClassification
            eager = auto.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
            made[kind, head] = open_model(str(folder)), eager.requires_grad_(False)
        return made[kind, head]

    return of
