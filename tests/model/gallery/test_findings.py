"""Each of the twelve findings, computed a second way, and striking: far from what it is compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard.analyses.ablation.results import MEASUREMENT, Request
from dashboard.analyses.gallery.api import FINDINGS, measured, sentence
from dashboard.analyses.gallery.text import LINKS, TITLES
from dashboard.analyses.profile.library import SHIPPED
from dashboard.analyses.scores.induction import LENGTH, standard_input
from dashboard.ui.page_list import PAGES
from tests.helpers.eager import by_the_library
from tests.helpers.sentences import heads_in, numbers, plain

BY_NAME = {finding.name: finding for finding in FINDINGS}


@pytest.fixture
def found(request):
    """Opens the model of a finding and measures it."""

    def of(name):
        finding = BY_NAME[name]
        model = request.getfixturevalue(finding.model) if finding.model else None
        return finding, model, measured(finding, model)

    return of


def weights(model, finding):
    encoding = model.encode(finding.text)
    return encoding, by_the_library(model.source.folder, encoding.ids)[finding.head.layer][finding.head.head]


def test_there_are_twelve_with_a_title_and_a_page_each():
    assert len(FINDINGS) == len(BY_NAME) == 12
    assert set(TITLES) == set(BY_NAME)
    assert {finding.page for finding in FINDINGS} == set(LINKS) <= {page.name for page in PAGES}


@pytest.mark.parametrize("name", BY_NAME)
def test_the_sentence_has_the_measured_number_and_its_head(found, name):
    finding, _, figures = found(name)
    said = plain(sentence(finding, figures))
    value = figures["value"]
    shown = round(100 * value) if finding.page != "ablation" else float(f"{value:.3g}")
    assert shown in numbers(said)
    assert heads_in(said) == ([str(finding.head)] if finding.head else [])
    assert value > 1.8 * figures["baseline"]


def test_previous_is_the_diagonal_below(found):
    finding, model, figures = found("previous")
    encoding, map_ = weights(model, finding)
    rows = [k for k in range(1, len(encoding)) if not encoding.special[k]]
    assert figures["value"] == pytest.approx(np.mean([map_[k, k - 1] for k in rows]), abs=1e-5)
    assert figures["value"] > 0.95 and figures["rank"] == 1


@pytest.mark.parametrize("name", ["agreement", "pronoun"])
def test_a_link_is_the_librarys_share_among_the_words(found, name):
    finding, model, figures = found(name)
    encoding, map_ = weights(model, finding)
    words = [k for k, special in enumerate(encoding.special) if not special]
    labels = [encoding.labels[k] for k in words]
    query, key = (words[labels.index(word)] for word in finding.words)
    assert figures["value"] == pytest.approx(map_[query, key] / map_[query, words].sum(), abs=1e-5)
    assert figures["baseline"] == pytest.approx(1 / len(words)) and figures["apart"] == query - key
    assert figures["value"] > 0.75


@pytest.mark.parametrize(("name", "least"), [("object", 0.7), ("object_causal", 0.8)])
def test_the_relation_is_the_files_best_head(found, name, least):
    finding, _, figures = found(name)
    table = pd.read_parquet(SHIPPED / f"{finding.model}-en_ewt-ud-dev" / "relations.parquet").set_index("relation")
    row = table.loc["obj"]
    assert (row["layer"], row["head"]) == (finding.head.layer, finding.head.head)
    assert figures["value"] == row["held_out_accuracy"] > least
    assert figures["baseline"] == row["held_out_baseline"] and figures["n"] == row["n"]


def test_the_same_word_is_summed_over_its_other_places(found):
    finding, model, figures = found("same")
    encoding, map_ = weights(model, finding)
    ids = np.array(encoding.ids)
    rows = [k for k in range(len(ids)) if not encoding.special[k] and (ids == ids[k]).sum() > 1]
    other = [sum(map_[k, j] for j in np.flatnonzero(ids == ids[k]) if j != k) for k in rows]
    assert figures["value"] == pytest.approx(np.mean(other), abs=1e-5) and figures["value"] > 0.6


def test_the_sink_is_what_goes_to_special_tokens(found):
    finding, model, figures = found("sink")
    encoding, map_ = weights(model, finding)
    special = np.array(encoding.special)
    assert figures["value"] == pytest.approx(map_[~special][:, special].sum(1).mean(), abs=1e-5)
    assert figures["value"] > 0.85 and figures["rank"] == 1


def test_the_far_name_is_paragraphs_away(found):
    """Its share is compared with the library's in tests/model/course."""
    finding, _, figures = found("far_name")
    assert figures["head"] == finding.head and figures["apart"] > 100 and figures["value"] > 0.9


@pytest.mark.parametrize("name", ["needed", "needed_causal"])
def test_the_head_that_is_needed_has_the_largest_effect_of_the_file(found, name):
    finding, model, figures = found(name)
    table = pd.read_parquet(MEASUREMENT.shipped_file(Request.of(model, "zero")))
    column = "shift" if finding.model == "minilm" else "loss_change"
    best = table.loc[table[column].idxmax()]
    assert (best["layer"], best["head"]) == (finding.head.layer, finding.head.head)
    assert figures["value"] == best[column] and figures["baseline"] == pytest.approx(table[column].median())
    assert figures["low"] > figures["baseline"]


def test_the_induction_head_is_the_best_of_all_on_the_standard_input(found):
    finding, model, figures = found("induction")
    encoding = standard_input(model)
    first = next(k for k, special in enumerate(encoding.special) if not special)
    rows = range(first + LENGTH, first + 2 * LENGTH)
    maps = by_the_library(model.source.folder, encoding.ids)
    values = [[np.mean([one[i, i - LENGTH + 1] for i in rows]) for one in layer] for layer in maps]
    layer, head = np.unravel_index(int(np.argmax(values)), (len(values), len(values[0])))
    assert figures["head"] == finding.head and (layer, head) == (finding.head.layer, finding.head.head)
    assert figures["value"] == pytest.approx(np.max(values), abs=1e-4) and figures["value"] > 0.85
