"""Scores and thumbnails of whole models: the fast pass against whole maps, and induction on its own input."""

import numpy as np
import pytest
import torch

from dashboard.analyses.scores.induction import LENGTH, induction_scores, standard_input
from dashboard.analyses.scores.pattern_scores import PatternScores, queries
from dashboard.analyses.scores.scores import SCORES
from dashboard.analyses.scores.survey import survey
from dashboard.capture import head_weights, visit
from dashboard.heads.head_id import HeadId
from dashboard.heads.make_view import make_view
from tests.helpers.thumbnails import shrink

TEXT = (
    "The chef who trained in Osaka says ramen is her favourite food. The critic who reviewed the restaurant says "
    "that the broth is the best in the city, and that the chef knows it. "
)


def maps_of(model, encoding):
    heads = list(model.all_heads)
    n = len(encoding)
    return np.stack(head_weights(model, encoding, heads)).reshape(model.layers, model.heads, n, n).astype(np.float64)


def whole_map_scores(maps, encoding, causal):
    """METRICS §1 from whole maps (layers, heads, n, n), by array formulas."""
    n = len(encoding)
    rows = queries(encoding.special, causal)
    place, ids, special = np.arange(n), np.array(encoding.ids), np.array(encoding.special)
    allowed = np.tri(n, dtype=bool) if causal else np.ones((n, n), bool)
    same = (ids[:, None] == ids) & (place[:, None] != place) & allowed
    entropy = -(maps * np.log2(maps, out=np.zeros_like(maps), where=maps > 0)).sum(-1)

    def along(offset):
        here = rows & (place + offset >= 0) & (place + offset < n)
        return maps[..., place[here], place[here] + offset].mean(-1)

    return {
        "self": along(0),
        "previous": along(-1),
        "next": np.full(maps.shape[:2], np.nan) if causal else along(1),
        "first": maps[..., rows, 0].mean(-1),
        "special": maps[..., rows, :][..., special].sum(-1).mean(-1),
        "same_token": (maps * same).sum(-1)[..., rows & same.any(1)].mean(-1),
        "entropy": entropy[..., rows].mean(-1),
        "spread": (2**entropy / allowed.sum(1))[..., rows].mean(-1),
        "distance": (maps * abs(place - place[:, None])).sum(-1)[..., rows].mean(-1),
    }


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
@pytest.mark.parametrize("times", [1, 4])
def test_every_score_equals_the_one_from_whole_maps(name, times, request):
    model = request.getfixturevalue(name)
    encoding = model.encode(TEXT * times)
    found = survey(model, encoding, induction=False)
    maps = maps_of(model, encoding)
    assert list(found.scores.columns) == ["layer", "head", *SCORES]
    assert found.n == len(encoding)
    for score, expected in whole_map_scores(maps, encoding, model.causal).items():
        assert np.allclose(found.scores[score], expected.ravel(), rtol=1e-5, atol=1e-5, equal_nan=True), score
        low, high = SCORES[score].range(len(encoding))
        assert found.scores[score].dropna().between(low, high).all()
    assert np.allclose(found.thumbnails, shrink(maps), atol=1e-5)
    assert np.allclose(found.thumbnails.sum(-1), 1, atol=1e-5)
    assert found.scores["next"].isna().all() == model.causal


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_blocks_of_any_size_give_the_same_scores(name, request):
    model = request.getfixturevalue(name)
    encoding = model.encode(TEXT)
    tables = []
    for rows in (None, 13):
        visitor = PatternScores(encoding, model.layers, model.heads, model.causal)
        visit(model, encoding, visitor, rows=rows)
        tables.append((visitor.table().drop(columns="induction").to_numpy(), visitor.thumbnails))
    assert np.allclose(tables[0][0], tables[1][0], atol=1e-5, equal_nan=True)
    assert np.allclose(tables[0][1], tables[1][1], atol=1e-6)


def test_memory_does_not_hold_the_maps(smollm2):
    """Blocks, and what grows with n: the largest tensor handed out is a small part of one layer's maps."""
    encoding = smollm2.encode(TEXT * 30, limit=1024)
    largest = []

    class Sizes:
        def block(self, block):
            largest.append(block.weights.numel())

    visit(smollm2, encoding, Sizes(), layers=[0, 1])
    assert max(largest) <= 2**20 < smollm2.heads * len(encoding) ** 2 / 8


def test_the_standard_input_of_induction(minilm, smollm2):
    for model in (minilm, smollm2):
        encoding = standard_input(model)
        own = [token for token, special in zip(encoding.ids, encoding.special, strict=True) if not special]
        assert own[:LENGTH] == own[LENGTH:] and len(set(own)) == LENGTH == len(own) / 2
        assert encoding.special[0]
    ids = standard_input(minilm).ids
    assert (ids[0], ids[-1]) == (101, 102)
    tokenizer = minilm.loaded.tokenizer
    plain = sorted(set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids))
    assert list(ids[1:51]) == np.random.default_rng(0).choice(plain, 50, replace=False).tolist()


def test_induction_from_whole_maps(smollm2):
    maps = maps_of(smollm2, standard_input(smollm2))
    second = np.arange(1 + LENGTH, 1 + 2 * LENGTH)
    assert np.allclose(induction_scores(smollm2), maps[..., second, second - LENGTH + 1].mean(-1), atol=1e-5)


def test_a_language_model_has_induction_heads_and_a_sentence_encoder_has_none(minilm, smollm2):
    assert induction_scores(smollm2).max() > 0.5
    assert induction_scores(minilm).max() < 0.1


def test_a_survey_fills_in_induction(minilm):
    found = survey(minilm, minilm.encode(TEXT), thumbnails=False)
    assert found.thumbnails is None
    assert np.array_equal(found.scores["induction"], induction_scores(minilm).ravel())


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
@pytest.mark.parametrize(
    "text", ["a", "🍜", "مرحبا بالعالم", "日本語の文章です。", "x\u0000y", "e\u0301\u0301", "\u202eabc", "<script>"]
)
def test_any_text_has_scores_and_rows_that_sum_to_one(name, text, request):
    model = request.getfixturevalue(name)
    encoding = model.encode(text)
    assert survey(model, encoding, induction=False).n == len(encoding)
    weights = head_weights(model, encoding, [HeadId(1, 1)])[0]
    for unit in ("tokens", "words"):
        view = make_view(weights, HeadId(1, 1), encoding, unit=unit, causal=model.causal, model=model.title)
        assert np.allclose(view.weights.sum(1), 1, atol=1e-5)


def test_a_text_of_one_token_in_a_causal_model(smollm2):
    encoding = smollm2.encode("a", bos=False)
    assert len(encoding) == 1
    found = survey(smollm2, encoding, induction=False)
    assert found.scores.drop(columns=["layer", "head"]).isna().all(axis=None)
    assert np.array_equal(found.thumbnails, np.ones((30, 9, 1, 1)))


def test_a_visit_leaves_no_gradients_behind(minilm):
    class Look:
        def block(self, block):
            assert not block.weights.requires_grad and torch.is_inference_mode_enabled()

    visit(minilm, minilm.encode("a"), Look())
