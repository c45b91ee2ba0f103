"""Models whose masks or outputs have another form than most."""

import numpy as np

from dashboard import ablate, scores
from dashboard.capture import open_model, visit
from tests.helpers import tiny

TEXT = " ".join(tiny.SENTENCES[:2])


def test_a_mask_with_one_row(tiny_model):
    """LayoutLM's mask says only which keys are padding, in one row for all queries."""
    folder = tiny_model("layoutlm")
    model = open_model(str(folder))
    assert model.route == "tap"
    texts = [model.encode(tiny.SENTENCES[0]), model.encode("A heron.")]
    shapes = []

    class Look:
        def block(self, block):
            shapes.append(block.allowed is None or block.allowed.shape == block.weights.shape[1:])

    visit(model, texts, Look(), rows=7)
    assert len(shapes) > 6 and all(shapes)
    assert len(scores(model, texts[0])) == tiny.LAYERS * tiny.HEADS


def test_no_last_hidden_state(tiny_model):
    """DPR hands out a pooled vector, and the last vectors among its hidden states only."""
    model = open_model(str(tiny_model("dpr")))
    effect = ablate(model, TEXT, ["L2H1"])
    assert model.hidden and np.isfinite(effect.table.iloc[0, 2])
