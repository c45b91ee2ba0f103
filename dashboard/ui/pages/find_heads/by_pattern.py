"""The search over the built-in corpus: its controls, button, progress and cached results."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from typing import Any

import streamlit as st

from dashboard.analyses.find_heads.api import find_heads_in
from dashboard.analyses.find_heads.by_pattern import Matches
from dashboard.analyses.find_heads.pattern import DIRECTIONS, Pattern
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.text import read_treebank
from dashboard.text.sentence import ParsedSentence
from dashboard.ui import session
from dashboard.ui.markdown import error_said, escape_markdown
from dashboard.ui.model_and_text import Opened
from dashboard.ui.page import end_page, problem
from dashboard.ui.url_state import DEFAULTS

WAYS = dict(zip(DIRECTIONS, ("dependent → head word", "head word → dependent", "any two words"), strict=True))
FURTHEST = 50


def read_pattern(written: str) -> Pattern:
    """``relation=nsubj;furthest=5`` → the pattern. Raises UserError for any other text."""
    given: dict[str, Any] = {}
    for part in filter(None, written.split(";")):
        name, _, value = part.partition("=")
        if name not in {field.name for field in fields(Pattern)}:
            raise UserError(f"A pattern has no “{name[:40]}”. Choose what to search for below.")
        if name in ("nearest", "furthest"):
            if not (value.isascii() and value.isdigit() and len(value) < 4):
                raise UserError(f"“{value[:40]}” is no distance in words. Choose what to search for below.")
            given[name] = int(value)
        else:
            given[name] = value[:60]
    return Pattern(**given).check()


def write_pattern(pattern: Pattern) -> str:
    """The text that `read_pattern` reads: the fields that are not at their defaults."""
    usual = Pattern()
    values = {field.name: getattr(pattern, field.name) for field in fields(Pattern)}
    return ";".join(f"{name}={value}" for name, value in values.items() if value != getattr(usual, name))


@st.cache_resource(max_entries=1, show_spinner=False)
def _labels() -> tuple[list[str], list[str]]:
    """Relations and parts of speech of the corpus, the commonest first."""
    relations, kinds = Counter(), Counter()
    for sentence in read_treebank(builtin_corpus()):
        if isinstance(sentence, ParsedSentence):
            relations.update(sentence.relations)
            kinds.update(sentence.upos)
    del relations["ROOT"]
    return [name for name, _ in relations.most_common()], [name for name, _ in kinds.most_common()]


@st.cache_resource(max_entries=64, show_spinner=False)
def _held(key: str, pattern: str, bos: bool) -> list[Matches]:
    """The cached result in a list; empty until the first search."""
    return []


def controls(this: Opened) -> Pattern:
    """The controls of the pattern. A pattern in a link that cannot be read gives a notice and the default pattern.

    In a causal model a subject cannot attend to its verb, which comes later: there the default pattern is reversed.
    """
    written = session.choices().pattern
    try:
        pattern = read_pattern(written)
        if this.model.causal and written == DEFAULTS.pattern:
            pattern = replace(pattern, direction="head->dependent")
    except UserError as wrong:
        st.warning(error_said(wrong), icon=":material/info:")
        pattern = Pattern(relation="nsubj")
    relations, kinds = _labels()
    values = {field.name: getattr(pattern, field.name) for field in fields(Pattern)}
    values["furthest"] = pattern.furthest or FURTHEST
    for name, value in values.items():
        st.session_state[f"pattern_{name}"] = value

    def choice(label: str, name: str, options: list[str], width: int, explained: str) -> None:
        offered = ["", *options, *([values[name]] if values[name] and values[name] not in options else [])]
        st.selectbox(
            label, offered, format_func=lambda value: value or "any", width=width, help=explained, **_tied(name)
        )

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        choice(
            "Relation",
            "relation",
            relations,
            150,
            ("The label of the relation, from the parser. nsubj: the subject of a verb."),
        )
        st.selectbox(
            "Direction",
            DIRECTIONS,
            format_func=WAYS.__getitem__,
            width=200,
            help="Which word is the query: the dependent, like a subject, or its head word, like the verb.",
            **_tied("direction"),
        )
        st.number_input("Nearest", 1, FURTHEST, width=110, help="Words apart, at least.", **_tied("nearest"))
        st.number_input(
            "Furthest",
            1,
            FURTHEST,
            width=110,
            help=f"Words apart, at most. {FURTHEST}: no limit.",
            **_tied("furthest"),
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for end, name in (("Query word", "looks"), ("Key word", "seen")):
            with st.container(horizontal=True, gap="small", width="content"):
                choice(end, f"{name}_pos", kinds, 180, "Its part of speech, like NOUN, VERB or PRON.")
                st.text_input(
                    "Its lemma",
                    placeholder="any",
                    max_chars=60,
                    width=140,
                    **_tied(f"{name}_lemma"),
                    help="The dictionary form: say for says and said.",
                )
    return pattern


def _tied(name: str) -> dict:
    return {"key": f"pattern_{name}", "on_change": _take}


def _take() -> None:
    given = {field.name: st.session_state[f"pattern_{field.name}"] for field in fields(Pattern)}
    given |= {name: value.replace(";", "").strip() for name, value in given.items() if isinstance(value, str)}
    if given["furthest"] >= FURTHEST:
        given["furthest"] = None
    if given["direction"] == "any":
        given["relation"] = ""
    try:
        session.change(pattern=write_pattern(Pattern(**given).check()))
    except UserError as wrong:
        session.mark_widget_run()
        st.session_state["pattern_says"] = str(wrong)


def found(this: Opened, pattern: Pattern) -> Matches:
    """The matches in the corpus, cached or searched for after a click; else the end of the page."""
    if message := st.session_state.pop("pattern_says", ""):
        st.warning(escape_markdown(message), icon=":material/info:")
    held = _held(this.key, write_pattern(pattern), this.bos)
    if not held:
        if not st.button("Search the corpus", icon=":material/search:"):
            end_page()
        bar = st.progress(0.0, "Reading…")

        def progress(fraction: float, sentence: str) -> None:
            bar.progress(min(max(fraction, 0.0), 1.0), escape_markdown(sentence))

        try:
            one = find_heads_in(
                this.model,
                builtin_corpus(),
                pattern,
                bos=this.bos,
                progress=progress,
            )
        except UserError as wrong:
            problem(wrong)
            end_page()
        finally:
            bar.empty()
        held[:] = [one]
    return held[0]
