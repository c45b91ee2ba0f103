"""A head's name follows from its profile, worked out here a second way."""

from __future__ import annotations

from dataclasses import replace
from math import erfc, sqrt

import pytest

from dashboard.analyses.profile.library import profile_library, read_profile
from dashboard.analyses.profile.names import clearest, head_names
from dashboard.analyses.profile.relation_words import WORDS, in_words, looked_at
from dashboard.heads.head_id import HeadId

SHIPPED = [shelf for shelf in profile_library() if shelf.shipped]


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda one: one.name)
def profile(request):
    return read_profile(request.param.folder)


def tail(z: float) -> float:
    """P(normal > z)."""
    return erfc(z / sqrt(2)) / 2


def sure_relations(profile) -> dict[HeadId, tuple]:
    rows = [row for row in profile.dependencies.to_dict("records") if row["relation"] != "all" and row["n"] >= 30]
    found: dict[HeadId, tuple] = {}
    for row in rows:
        error = (row["accuracy"] - row["low"]) / 1.959963984540054
        z = (row["accuracy"] - row["baseline"]) / error if error else float("inf")
        if row["lift"] >= 0.1 and tail(z) * len(rows) < 0.05:
            head = HeadId(row["layer"], row["head"])
            if head not in found or row["lift"] > found[head][0]:
                found[head] = row["lift"], row["relation"], row["direction"]
    return found


def test_relations_name_a_head_where_chance_is_ruled_out(profile):
    names, sure = head_names(profile), sure_relations(profile)
    assert sure and {head for head, name in names.items() if name.kind == "relation"} == set(sure)
    for head, (_, relation, direction) in sure.items():
        assert names[head].text == looked_at(relation, direction) and f"({relation})" in names[head].evidence


def test_the_clearest_head_has_the_largest_lift(profile):
    sure = sure_relations(profile)
    assert sure[clearest(profile)][0] == max(lift for lift, *_ in sure.values())
    unsure = replace(profile, dependencies=profile.dependencies.assign(lift=0.0))
    assert clearest(unsure) is None


def test_every_head_has_a_name_and_the_rest_follows_its_role(profile):
    names = head_names(profile)
    assert len(names) == len(profile.heads)
    for row in profile.heads.to_dict("records"):
        name = names[HeadId(row["layer"], row["head"])]
        if name.kind == "relation":
            continue
        if row["active"] < 0.4:
            assert name.kind == "sink"
        elif name.kind in ("context", "syntax"):
            assert row["role"] == name.kind and row[f"bits_{name.kind}"] >= 0.1 * row["bits_total"]
        elif name.kind == "position":
            assert row["role"] == "position"


def test_induction_names_a_head_that_no_relation_does(profile):
    sure = head_names(profile)
    related = next(head for head, name in sure.items() if name.kind == "relation")
    sink = next(head for head, name in sure.items() if name.kind == "sink")
    names = head_names(profile, dict.fromkeys(sure, 0.39))
    assert names == sure
    names = head_names(profile, {related: 0.9, sink: 0.72})
    assert names[related] == sure[related]
    assert names[sink].text == "induction" and names[sink].role == "position" and "72\xa0%" in names[sink].evidence
    assert {head for head, name in names.items() if name != sure[head]} == {sink}


def test_known_heads_have_their_names():
    names = head_names(read_profile(next(one for one in SHIPPED if one.name.startswith("minilm")).folder))
    assert names[HeadId(0, 2)].text == "previous word" and names[HeadId(1, 8)].text == "next word"
    assert names[HeadId(2, 0)].text == "verb of the object" and names[HeadId(2, 9)].text == "attention sink"


def test_a_relation_in_words():
    assert in_words("nsubj") == "subject (nsubj)" and in_words("nsubj:pass") == "subject (nsubj:pass)"
    assert in_words("x-own") == "x-own"
    assert looked_at("obj", "dependent->head") == "verb of the object"
    assert looked_at("nsubj", "head->dependent") == "subject of the verb"
    assert looked_at("x", "dependent->head") == "x head of the x dependent"


def test_every_relation_of_the_shipped_profiles_has_words(profile):
    assert {name.partition(":")[0] for name in profile.best["relation"]} - {"all"} <= set(WORDS)
