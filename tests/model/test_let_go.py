"""When a model is let go, nothing that was computed with it keeps its weights in memory."""

import gc
import weakref

import pytest
import torch
from transformers import AutoModelForCausalLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from dashboard.capture import language
from dashboard.heads.head_id import HeadId
from dashboard.text.encoding import Encoding
from dashboard.ui import caches
from dashboard.ui.model_and_text import Reading
from dashboard.ui.pages import inside, inside_logits, query_key
from tests.helpers import tiny

TEXT = tiny.SENTENCES[0]


class Alone(Reading):
    """A reading without a session."""

    between = ""

    @property
    def options(self):
        return {"bos": self.bos}


@pytest.fixture
def use(tmp_path, monkeypatch):
    """Opens a language model as the pages do, and does with it what they do; gives its weights and its head's."""
    monkeypatch.setattr(caches.paths, "check_model", lambda name: None)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(tiny.configure(CONFIG_MAPPING["llama"])).save_pretrained(tmp_path)
    tiny.tokenizer().save_pretrained(tmp_path)

    def used() -> dict[str, weakref.ref]:
        model, key = caches.opened(str(tmp_path))
        encoding: Encoding = caches.encoding(key, TEXT, True, model)
        this, one, where = Alone(model, True, key, encoding), HeadId(1, 1), (key, TEXT, True)
        caches.overview(*where, model, encoding)
        for make in (caches.views, caches.contributions):
            make(*where, (one,), "words", "show", model, encoding)
        caches.rollout(*where, 0, 2, "show", model, encoding)
        caches.without(*where, (one,), "zero", model, encoding)
        layer = inside._layer(*where, 1, this)
        head = inside._head(*where, 1, 1, this, layer)
        inside_logits._attribution(*where, one, 2, this, head, inside_logits._path(*where, this))
        query_key._vectors(key, True, model)
        weights = dict(model.loaded.model.named_parameters())
        weights |= language.language_head(model).model.named_parameters(prefix="head")
        return {name: weakref.ref(one) for name, one in weights.items()}

    return used


def test_no_result_keeps_the_weights(use):
    weights = use()
    assert len(weights) > 20 and any("lm_head" in name for name in weights)
    caches._model.clear()
    gc.unfreeze()  # an earlier test may have set aside what is let go here
    gc.collect()
    assert not [name for name, there in weights.items() if there() is not None]
