"""The ten answers, each against a second way: the library's eager attention, or numpy over the model's own matrices."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from dashboard.analyses.course import answers
from dashboard.analyses.course.material import material
from dashboard.analyses.long_range.questions import question_of
from dashboard.analyses.profile.library import SHIPPED, read_profile
from dashboard.analyses.profile.text import opposites
from dashboard.analyses.recall.finished import FILE, finished_run
from dashboard.capture.head_weights import qkv
from dashboard.errors import UserError
from tests.helpers.eager import by_the_library

TEXT = "The keys to the cabinet in the old house are on the table."


@pytest.fixture(scope="module", params=["minilm", "smollm2"])
def this(request):
    return material(request.getfixturevalue(request.param), TEXT)


@pytest.fixture(scope="module")
def eager(this):
    """The weights of the chosen head's layer (heads, n, n)."""
    return by_the_library(this.model.source.folder, this.encoding.ids)[this.head.layer]


def vectors(this):
    """Queries, keys and values of the chosen head, in double precision."""
    return [part[this.head.head].astype(float) for part in qkv(this.model, this.encoding, this.head.layer)]


def right_labels(answer):
    return {answer.option(key).label for key in answer.right}


def shown_by(scores, causal):
    raised = np.exp(scores - scores.max(-1, keepdims=True)) * (np.tri(*scores.shape) if causal else 1)
    return raised / raised.sum(-1, keepdims=True)


def test_fading_is_what_the_file_of_the_run_says():
    held = json.loads(FILE.read_text())["study"]["result"]["points"]
    [point] = [one for one in held if one["model"] == "rnn" and one["distance"] == 32]
    answer = answers.fading(finished_run().study.result)
    assert answer.measured == pytest.approx(np.mean(point["by_seed"]))
    nearest = min((1.0, 0.75, 0.5, 0.125), key=lambda share: abs(np.log(share / answer.measured)))
    assert [answer.option(key).value for key in answer.right] == [nearest]


def test_all_at_once_counts_the_weights_that_are_not_hidden(this, eager):
    assert answers.at_once(this).measured == (eager[this.head.head] > 0).sum()


def test_the_best_key_is_the_librarys_strongest(this, eager):
    row = eager[this.head.head, this.query]
    answer = answers.best_key(this)
    assert right_labels(answer) == {this.labels[int(row.argmax())]}
    assert answer.measured == pytest.approx(row.max(), abs=1e-5)
    assert all(option.value == pytest.approx(row[int(option.key)], abs=1e-5) for option in answer.options)


def test_without_the_factor_the_row_is_numpys_softmax_of_the_plain_products(this):
    answer = answers.without_factor(this)
    q, k, _ = vectors(this)
    query = answer.about["material"].query
    found = {}
    for name, scores in (("scaled", q @ k.T / q.shape[1] ** 0.5), ("plain", q @ k.T)):
        row = shown_by(scores, this.model.causal)[query]
        found[name] = 2 ** -sum(w * np.log2(w) for w in row if w > 0)
    assert answer.about["spread"] == pytest.approx(found["scaled"], rel=1e-3)
    assert answer.measured == pytest.approx(found["plain"], rel=1e-3) and found["plain"] < found["scaled"]


def test_the_ratio_is_that_of_the_librarys_weights(this, eager):
    answer = answers.softmax_ratio(this)
    first, second = answer.about["places"]
    row = eager[this.head.head, this.query]
    assert answer.measured == pytest.approx(row[first] / row[second], rel=1e-3)
    [right] = answer.right
    assert answer.option(right).value == pytest.approx(answer.measured, rel=1e-3)  # e to the difference


def test_what_is_handed_over_is_weight_times_the_length_of_the_value(this, eager):
    answer = answers.hands_over(this)
    query = answer.about["material"].query
    norms = eager[this.head.head, query] * np.linalg.norm(vectors(this)[2], axis=1)
    assert right_labels(answer) == {this.labels[int(norms.argmax())]}
    assert answer.measured == pytest.approx(norms.max(), rel=1e-3)


def test_different_words_are_counted_in_the_librarys_weights(this, eager):
    plain = [place for place, special in enumerate(this.encoding.special) if not special]
    seen = [place for place in plain if not this.model.causal or place <= this.query]
    assert answers.different_words(this).measured == len(set(eager[:, this.query, seen].argmax(-1).tolist()))


def test_the_syntax_head_has_more_bits_of_the_parse_whichever_way_they_stand(this):
    profile = read_profile(SHIPPED / f"{this.model.name}-en_ewt-ud-dev")
    pair = opposites(profile.heads)
    bits = profile.heads.set_index(["layer", "head"])[["bits_syntax", "bits_context"]]
    given = [(head, *map(float, bits.loc[(head.layer, head.head)])) for head in pair]
    for text in ("a", "b"):
        answer = answers.syntax_head(given, text, "")
        [right] = answer.right
        assert answer.option(right).label == str(pair[0]) and given[0][1] > given[1][1]
    assert {answers.syntax_head(given, text, "").right for text in "ab"} == {frozenset("A"), frozenset("B")}


def test_what_a_head_adds_is_its_result_times_its_rows_of_the_projection(this, eager):
    answer = answers.added_most(this)
    _, _, values = qkv(this.model, this.encoding, this.head.layer)
    layers = this.model.loaded.model
    if this.model.name == "minilm":
        projection = layers.encoder.layer[this.head.layer].attention.output.dense.weight
    else:
        projection = layers.layers[this.head.layer].self_attn.o_proj.weight
    w_o = projection.detach().to(torch.float64).numpy().T  # (h · d, D)
    d = values.shape[-1]
    norms = [
        np.linalg.norm(eager[head, this.query].astype(float) @ values[head] @ w_o[head * d : (head + 1) * d])
        for head in range(len(values))
    ]
    assert right_labels(answer) == {f"L{this.head.layer}H{int(np.argmax(norms))}"}
    assert answer.measured == pytest.approx(max(norms), rel=1e-3)


def test_reach_is_what_the_library_gives_between_the_two_mentions(minilm):
    far = answers.far_name(minilm)
    encoding = minilm.encode(far.trial.text)
    weights = by_the_library(minilm.source.folder, encoding.ids)[far.head.layer][far.head.head]
    words = encoding.axis("words")
    spans = [None if span is None else span[0] for span in words.spans]
    looks, seen = (words.members[spans.index(at)] for at in (far.trial.looks, far.trial.seen))
    assert far.share == pytest.approx(np.mean([weights[i, list(seen)].sum() for i in looks]), abs=1e-5)
    assert far.trial == question_of("name").trials()[0][-1] and far.trial.word(far.trial.looks) == "Clara"
    assert answers.reach(far).measured == far.share > 20 * far.even


def test_the_head_and_the_word_are_worth_asking_about(this):
    """The strongest key of the chosen row is another word, as the labels say it."""
    strongest = int(this.row.argmax())
    assert this.words[strongest] and strongest != this.query and this.head.layer > 0


def test_a_text_of_three_words_is_too_short(minilm):
    with pytest.raises(UserError, match="choose a longer sentence"):
        material(minilm, "Ramen is food.")
