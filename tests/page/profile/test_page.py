"""“Syntax vs context” run from the entry, without a browser."""

import json
import re
from dataclasses import replace
from functools import partial
from urllib.parse import parse_qs, urlparse

import pandas as pd
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from streamlit.testing.v1 import AppTest

from dashboard.analyses.profile.library import SHIPPED, profile_library, read_profile
from dashboard.analyses.profile.names import head_names
from dashboard.analyses.profile.relation_words import in_words
from dashboard.analyses.profile.roles import SINK
from dashboard.analyses.profile.text import relations_chance
from dashboard.heads.head_id import HeadId
from dashboard.text import split_words
from dashboard.ui.pages.profile.tables import own_relations
from dashboard.ui.profile_picker import inside
from tests.helpers import pages
from tests.helpers.sentences import numbers, plain, wording
from tests.helpers.shipped import profile, role_of
from tools.profiles import BUILTIN_STEM

opened = partial(pages.opened, "profile")
NEEDS = "What does the model need from a head?"
said = pages.read


def no_parse(app: AppTest) -> list[str]:
    """The lines that tell why there is no parse."""
    return [line for line in pages.lines(app) if line.startswith("No parse")]


def shown(app: AppTest, column: str) -> pd.DataFrame:
    """The one table on the page that has this column."""
    [found] = [one.value for one in app.dataframe if column in one.value]
    return found


def titles(app: AppTest) -> list[str]:
    """The headings of the page, without their colours: those of the pair come first."""
    return [re.sub(r":\w+\[(\w+)\]", r"\1", plain(one).removeprefix("##### ")) for one in pages.headings(app)]


def most(role: str) -> HeadId:
    """Of the heads of that role which are not parked the one with most bits of it."""
    heads = profile().heads
    rows = heads[(heads["role"] == role) & (heads["active"] >= SINK)]
    return HeadId(*map(int, rows.loc[rows[f"bits_{role}"].idxmax(), ["layer", "head"]]))


def test_the_first_page_names_heads_with_numbers_sample_and_interval(snapshot):
    app = opened(layer="2", head="0")
    assert not app.exception and not app.error
    text = said(app)
    about, heads = profile().about, profile().heads
    roles = heads["role"].value_counts()
    counted = ", ".join(f"{roles[role]} {role}" for role in ("syntax", "context", "position", "undecided"))
    assert f"Of {len(heads)} heads: {counted}" in text
    bits = heads.query("layer == 2 and head == 0")["bits_total"].item()
    assert f"L2H0: {role_of('L2H0')}. Of {bits:.2f} bits" in text
    [sample] = pages.lines(app, f"{about['queries']:,}", f"{about['sentences']['used']:,}")
    [role] = [line for line in pages.lines(app) if line.startswith("A role ")]
    [along] = pages.lines(app, f"{most('syntax')} gives")
    names, (syntax, context) = head_names(profile()), (most("syntax"), most("context"))
    assert titles(app)[:2] == [f"Syntax: {syntax} · {names[syntax].text}", f"Context: {context}"]
    assert names[context].text == "context" and titles(app)[2].startswith(f"Of {len(heads)} heads")
    below = ["All heads over a corpus", NEEDS, "Which head finds which relation?", "Top sentences of L2H0"]
    assert [one.value for one in app.subheader] == below
    told = [wording(line) for line in (titles(app)[2], sample, role, along)]
    assert [line.replace(str(syntax), "…") for line in told] == snapshot
    table = shown(app, "relation")
    pooled = table.iloc[0]
    best = profile().best.set_index("relation")
    for row, relation in ((pooled, "all"), (table[table["relation"] == "object (obj)"].iloc[0], "obj")):
        found = best.loc[relation]
        head = HeadId(found["layer"], found["head"])
        assert row["relation"] == in_words(relation) and row["head"] == f"{head} · {names[head].text}"
        assert row["direction"] == found["direction"].replace("->", " → ").replace("head", "head word")
        shares = ["accuracy", "baseline", "held_out_accuracy", "held_out_baseline"]
        assert row[shares].tolist() == pytest.approx((100 * found[shares]).tolist())
        assert found["baseline"] < found["accuracy"] <= 1 and row["n"] == found["n"]
    assert pooled["n"] == table["n"][1:].sum()
    assert table["q"].tolist() == profile().best["q"].tolist()
    beyond = (profile().best[profile().best["ranked"]][1:]["q"] <= 0.05).sum()
    [told] = [line for line in pages.read(app).splitlines() if "beats chance" in line]
    assert beyond in numbers(told) and plain(relations_chance(profile())) in plain(told)


def test_what_one_head_finds_begins_with_all_and_is_else_by_lift():
    table = own_relations(profile(), HeadId(2, 1))
    assert list(table["relation"][:2]) == ["all", "all"] and "all" not in set(table["relation"][2:])
    assert table["lift"].iloc[:2].is_monotonic_decreasing and table["lift"].iloc[2:].is_monotonic_decreasing
    rows = profile().dependencies
    before = replace(profile(), dependencies=rows[rows["relation"] != "all"])  # made before there was one
    pd.testing.assert_frame_equal(own_relations(before, HeadId(2, 1)), table.iloc[2:])


def test_another_head_by_number_and_the_pair_by_its_button():
    app = opened()
    next(button for button in app.button if button.key == "take_0").click().run()
    assert not app.exception and f"{most('syntax')}: syntax" in said(app)


def test_without_a_text_the_corpus_is_shown_all_the_same():
    app = opened(text=" ")
    assert not app.exception and f"Of {len(profile().heads)} heads" in said(app)
    assert [one.partition(":")[0] for one in pages.notices(app)] == ["info"]
    next(button for button in app.button if button.label == "Use the first example").click().run()
    assert titles(app)[1] == f"Context: {most('context')}" and not pages.notices(app)


def test_a_text_in_another_language_is_told_and_everything_else_works(snapshot):
    app = opened(text="Der Koch, der in Osaka gelernt hat, sagt, dass er sehr gern Nudeln isst.")
    assert not app.exception and not app.error and no_parse(app) == snapshot
    assert f"Of {len(profile().heads)} heads" in said(app) and titles(app)[1] == f"Context: {most('context')}"


GERMAN = "Der Koch, der in Osaka gelernt hat, sagt, dass er sehr gern Nudeln isst."


@pytest.fixture(scope="module")
def own_parser(tmp_path_factory) -> str:
    """A spaCy model of a person's own, in a folder: every word hangs on the last one, as it was taught."""
    nlp = spacy.blank("de")
    nlp.add_pipe("parser", config={"min_action_freq": 1})
    words = [word.form for word in split_words(GERMAN)]
    last = len(words) - 1
    relations = ["mod"] * last + ["ROOT"]
    made = Example.from_dict(Doc(nlp.vocab, words), {"heads": [last] * (last + 1), "deps": relations})
    optimizer = nlp.initialize(lambda: [made])
    for _ in range(40):
        nlp.update([made], sgd=optimizer)
    folder = tmp_path_factory.mktemp("spacy") / "own"
    nlp.to_disk(folder)
    return str(folder)


def test_a_spacy_model_of_ones_own_parses_another_language(own_parser, snapshot):
    app = opened(text=GERMAN)
    app.text_input(key="choose_parser").set_value(f" {own_parser} ").run()
    assert not app.exception and not app.warning and no_parse(app) == []
    along = [line for line in pages.lines(app, "of its attention to") if re.match(r"L\d+H\d+ gives", line)]
    assert len(along) == 2 and all(18 in numbers(line) for line in along)  # words that are linked
    assert [wording(line) for line in along] == snapshot


def test_a_spacy_model_that_is_not_there_is_told_and_everything_else_works(snapshot):
    app = opened(parser="os")  # a module, but no model
    assert not app.exception and no_parse(app) == snapshot
    assert not pages.lines(app, "gives", "of its attention to") and titles(app)[1] == f"Context: {most('context')}"
    app.text_input(key="choose_parser").set_value("  ").run()
    assert not app.exception and no_parse(app) == [] and "parser" not in app.query_params


def test_two_heads_of_the_tray_have_the_colours_of_their_roles():
    app = opened(tray="L2H0,L2H9,L3H1", two="tray")
    assert not app.exception and role_of("L2H0") == "position" and role_of("L2H9") == "context"
    assert titles(app)[:2] == ["Position: L2H0 · verb of the object", "Context: L2H9 · attention sink"]
    told = [json.loads(chart.proto.spec) for chart in app.get("vega_lite_chart")]
    first, second = [spec for spec in told if "Arcs" in spec["description"]]
    for spec, says, colour in ((first, "grey: a position head", "#7F7F7F"), (second, "orange: a context", "#D55E00")):
        assert says in " ".join(spec["title"]["subtitle"]) and "dashed blue" in str(spec["title"])
        strokes = [part["mark"].get("stroke") for layer in spec["layer"] for part in layer.get("layer", [])]
        assert strokes.count(colour) == 2  # at rest and under the pointer
    assert first["height"] == second["height"]


def test_a_profile_that_is_not_there_is_told(snapshot):
    app = opened(profile="../../etc")
    assert not app.exception and "“../../etc”" in said(app) and pages.notices(app) == snapshot


def test_a_model_without_a_profile_is_told_how_to_make_one(monkeypatch, snapshot):
    monkeypatch.setattr("dashboard.analyses.profile.library.profile_library", list)
    app = opened()
    assert not app.exception and not app.error and pages.notices(app) == snapshot
    assert "dashboard profile builtin --model" in app.code[0].value
    assert app.selectbox(key="choose_model")  # the frame is there all the same


def test_a_box_holds_the_heads_in_it_those_with_most_to_explain_first():
    heads = pd.DataFrame(
        {
            "layer": [0, 0, 1, 1],
            "head": [0, 1, 0, 1],
            "bits_syntax": [-0.01, 0.1, 0.2, 0.3],
            "bits_context": [0, 0.1, 0.1, 0.9],
            "bits_total": [1.0, 1.0, 2.0, 3.0],
        }
    )
    assert inside({"x": [0.25, 0.0], "y": [0.0, 0.2]}, heads) == [HeadId(1, 0), HeadId(0, 0), HeadId(0, 1)]
    assert inside({"x": [5, 6], "y": [5, 6]}, heads) == []


def test_moments_are_the_strongest_as_links_and_some_of_every_decile():
    app = opened(layer="2", head="0")
    own = read_profile(SHIPPED / f"minilm-{BUILTIN_STEM}")
    texts = dict(zip(own.sentences["index"], own.sentences["text"], strict=True))
    rows = own.moments[(own.moments["layer"] == 2) & (own.moments["head"] == 0) & (own.moments["figure"] == "position")]
    links = [link.proto for link in app.get("page_link") if "bits)" in link.proto.label]
    strongest = rows[rows["kind"] == "strongest"]
    assert [plain(link.label) for link in links] == [
        f"{texts[one.sentence]} ({one.score:.2f} bits)" for one in strongest.itertuples()
    ]
    for link, index in zip(links, strongest["sentence"], strict=True):
        query = parse_qs(link.query_string)
        assert link.page in ("explore", "") and query["text"] == [texts[index]] and query["layer"] == ["2"]
    moments = shown(app, "kind")
    assert sorted(moments["kind"].unique()) == sorted(f"decile {k} of 10" for k in range(1, 11))
    assert moments["score"].is_monotonic_decreasing and set(moments["text"]) <= set(texts.values())
    assert "5,837 query words of 342 sentences" in said(app)


def test_by_which_bits_the_moments_are_chosen_is_in_the_address():
    app = opened(layer="2", head="0", moments="syntax")
    [control] = [one for one in app.segmented_control if one.label == "By the bits explained by"]
    assert control.value == "syntax"
    control.set_value("context").run()
    assert not app.exception and app.query_params["moments"] == "context"


def test_moments_without_any_sentences_say_so(monkeypatch):
    one = next(kept for kept in profile_library() if kept.name == "minilm-en_ewt-ud-dev")
    monkeypatch.setattr("dashboard.analyses.profile.library.profile_library", lambda: [one])
    app = opened(layer="2", head="0")
    moments = shown(app, "kind")
    assert (moments["kind"] == "among the strongest").sum() == 5 and "text" not in moments
    assert "keeps the places of its sentences, not their words" in said(app)


def test_moments_of_a_kept_corpus_have_their_text_and_a_link():
    shipped = profile()
    index = shipped.moments["sentence"].unique()
    sentences = pd.DataFrame({"index": index, "line": 1, "text": [f"Sentence {k} & more?" for k in index]})
    kept = replace(shipped, sentences=sentences)

    def script(profile):
        import streamlit as st

        from dashboard.heads.head_id import HeadId
        from dashboard.ui.pages.profile import moments as profile_moments
        from dashboard.ui.url_state import Choices

        st.session_state["choices"] = Choices()
        st.dataframe(profile_moments.top_examples(profile, HeadId(2, 0), "context", "minilm"))

    app = AppTest.from_function(script, args=(kept,), default_timeout=60).run()
    assert not app.exception
    table = app.dataframe[0].value
    for text, link, number in zip(table["text"], table["open"], table["sentence"], strict=True):
        assert text == f"Sentence {number - 1} & more?"
        query = parse_qs(urlparse(link).query)
        assert urlparse(link).path == "/explore"
        assert query["text"] == [text] and query["layer"] == ["2"] and query.get("head", ["2"]) == ["0"]
