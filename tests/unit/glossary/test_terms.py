"""The glossary has every term that the pages rely on, and says it plainly."""

from __future__ import annotations

import ast
import re

import pytest

from dashboard.analyses.glossary.api import PICTURES, TERMS, found
from dashboard.analyses.scores.scores import SCORES
from dashboard.installed import HOME
from dashboard.ui.page_list import PAGES
from tools.server import ROOT

# Of the words of the field: those that a newcomer does not know from elsewhere.
FIELD = """ablation, attention sink, attention weight, baseline, bits, causal, cosine, direct logit attribution,
divergence, embedding, encoder, entropy, head, held out, induction, interval, key, layer, lift, logit, loss,
nats, parse, profile, query, relation, residual stream, rollout, seed, softmax, special token, start token, token,
tokenizer, treebank, unembedding, unknown token, value, value-weighted norm, syntax, context, position"""
WORDS = [word.strip() for word in FIELD.replace("\n", " ").split(",")]


def helps():
    """Every help text of the pages, as it is written."""
    for file in [*(HOME / "pages").glob("*.py"), *(ROOT / "dashboard" / "ui").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "help":
                parts = (one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant))
                yield " ".join(str(part) for part in parts)
    yield from (score.help for score in SCORES.values())


def test_every_term_that_the_help_texts_use_is_explained():
    text = " ".join(helps()).lower()
    used = [word for word in WORDS if re.search(rf"\b{re.escape(word)}s?\b", text)]
    assert len(used) >= 12  # the texts are found
    for word in used:
        named = [term for term in TERMS.values() if word in {name.lower() for name in (term.name, *term.others)}]
        assert named or any(word in term.name for term in TERMS.values()), word


def test_the_terms_that_everyone_needs_are_there():
    """Item 2 of the rules of words, and what the analyses are called."""
    needed = """query, key, value, attention weight, head, layer, token, special token, unknown token, causal,
    residual stream, ablation, logit, attention sink, entropy, induction, syntax bits, context bits, position bits,
    lift, baseline, interval, direct logit attribution, rollout, value-weighted norm, unembedding"""
    names = {term.name for term in TERMS.values()}
    assert {word.strip() for word in needed.replace("\n", " ").split(",")} <= names


@pytest.mark.parametrize("key", TERMS)
def test_a_term_is_said_in_one_or_two_short_sentences_and_leads_to_a_page(key):
    term = TERMS[key]
    sentences = re.split(r"(?<=[.:;])\s", term.says)
    assert term.says.endswith(".") and len(re.split(r"(?<=\.)\s", term.says)) <= 3
    assert all(len(sentence.split()) <= 22 for sentence in sentences), key
    assert term.page in {page.name for page in PAGES}
    assert found(term.name)[0].name.startswith(term.name)


def test_pictures_are_of_terms():
    assert set(PICTURES) <= set(TERMS) and len(PICTURES) >= 20
