"""Any text at all goes through text, engine, charts and files, or is refused with a sentence of ours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dashboard import UserError
from dashboard.analyses.explore import api
from dashboard.analyses.explore.text import finding
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.scores.api import scores
from dashboard.export import figure_bytes, matrix_bytes, snippet, table_bytes
from dashboard.heads.links import links

LIMIT = 48  # tokens drawn of a text: the rest is a matter of speed, tested elsewhere

texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(categories=("So", "Sk", "Mn", "Cf", "Cc", "Zs", "Lo")), max_size=40),
    st.lists(
        st.sampled_from(["\u200b", "\u202e", "\x00", "\ufffe", "\ud83c", "🍜", "👩‍👩‍👧", "e\u0301", "\u0301", " ", "a"])
    ).map("".join),
)


def through_everything(model, text: str) -> None:
    try:
        encoding = model.encode(text, limit=LIMIT)
    except UserError as refused:
        assert str(refused).endswith(".")
        return
    for unit in ("tokens", "words"):
        for special in ("show", "hide"):
            try:
                [view] = api.attentions(model, encoding, ["L1H3"], unit=unit, special=special)
            except UserError as refused:
                assert special == "hide" and str(refused).endswith(".")
                continue
            sums = view.weights.sum(1)
            assert np.all(np.isclose(sums, 1, atol=1e-4) | (sums == 0 if special == "hide" else False))
            assert finding(view)
            provenance = api.provenance(model, [view], "heatmap")
            for name in VIEWS:
                assert figure_bytes(api.draw(view, name), "svg", provenance).startswith(b"<svg")
            assert table_bytes(links(view), "csv", provenance) and matrix_bytes(view, provenance)
            compile(snippet(provenance), "snippet", "exec")


anything = settings(max_examples=15, suppress_health_check=list(HealthCheck), derandomize=True)


@anything
@given(texts)
@example("</script><script>window.X=1</script>")
@example("=1+1\t@x\r\n\n\n")
@example("\u200b\u200d\ufeff")
@example("مرحبا, שלום, नमस्ते, 拉麺, ラーメン, 🍜")
@example("a\u0301" * 30)
def test_any_text_with_minilm(minilm, text):
    through_everything(minilm, text)


@settings(anything, max_examples=5)
@given(texts)
@example("🍜👩‍👩‍👧‍👦 ok")
@example("\x00\x01\x1b[0m")
def test_any_text_with_smollm2(smollm2, text):
    through_everything(smollm2, text)


@pytest.mark.parametrize("piece", ["word ", "a", "🍜", "話", "\u0301", "(", "\n"])
def test_a_hundred_thousand_characters(minilm, piece):
    text = (piece * 100_000)[:100_000]
    try:
        encoding = minilm.encode(text)
    except UserError as refused:
        assert str(refused).endswith(".")
        return
    assert len(encoding) <= minilm.limit
    table = scores(minilm, encoding)
    assert table["self"].between(0, 1).all()
