"""Provenance, names, formats, the snippet: what is said about a file."""

import ast
import json
import re
import string
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.export import FORMATS, Provenance, file_stem, format_of, provenance_of, snippet
from dashboard.heads.head_id import HeadId
from tests.helpers.views import head_view

RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{k}" for port in ("com", "lpt") for k in range(10))}


def view(layer=2, head=9):
    return head_view(
        head=HeadId(layer, head),
        weights=np.eye(2, dtype=np.float32),
        labels=("The", "chef"),
        special=(False, False),
        spans=((0, 3), (4, 8)),
        unit="words",
        hidden="hide",
        causal=False,
        text="The chef",
        model="MiniLM",
    )


def provenance(**changed):
    known = dict(
        model="minilm",
        revision="sha256:53aa51172d14",
        text="The chef",
        heads=("L2H9",),
        unit="words",
        special="show",
        view="heatmap",
        options={"theme": "light"},
        title="MiniLM",
    )
    return Provenance(**(known | changed))


def test_provenance_of_views_says_what_was_chosen():
    found = provenance_of(
        [view(), view(0, 1)], "compare", "dark", model="minilm", revision="sha256:53aa51172d14", start=64
    )
    assert (found.model, found.title, found.revision) == ("minilm", "MiniLM", "sha256:53aa51172d14")
    assert (found.heads, found.unit, found.special, found.view) == (("L2H9", "L0H1"), "words", "hide", "compare")
    assert found.options == {"theme": "dark", "start": 64}
    assert {"python", "torch", "altair", "vl-convert-python"} <= set(found.versions)
    assert found.headline() == "L2H9 and L0H1 · MiniLM · compare"
    assert replace(found, heads=()).headline() == "All heads · MiniLM · compare"


def test_provenance_without_more_names_the_model_by_its_title():
    assert provenance_of([view()], "matrix").model == "MiniLM"


@given(st.text())
def test_provenance_survives_json_whatever_the_text(text):
    written = provenance(text=text).to_json()
    assert written.isascii()
    assert json.loads(written)["text"] == text
    assert json.loads(written)["heads"] == ["L2H9"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("minilm", "minilm-L2H9-heatmap"),
        ("HuggingFaceTB/SmolLM2-135M@12fd25f7", "SmolLM2-135M-L2H9-heatmap"),
        ("/home/ada/models/my model/", "my-model-L2H9-heatmap"),
        ("C:\\models\\Modèle 3", "Modele-3-L2H9-heatmap"),
        ("con", "con-L2H9-heatmap"),
        ("汉字", "model-L2H9-heatmap"),
        ("", "model-L2H9-heatmap"),
    ],
)
def test_file_stem(model, expected):
    assert file_stem(provenance(model=model)) == expected


def test_file_stem_of_two_models():
    two = provenance(heads=("L0H0", "L0H1"), view="compare", options={"other_model": "owner/other@1a2b3c4"})
    assert file_stem(two) == "minilm-L0H0-other-L0H1-compare"


def test_file_stem_of_many_heads_and_of_an_atlas():
    heads = tuple(f"L0H{k}" for k in range(9))
    assert file_stem(provenance(heads=heads, view="compare")) == "minilm-L0H0-L0H1-L0H2-L0H3-and-5-more-compare"
    atlas = provenance(heads=(), view="atlas", options={"score": "previous"})
    assert file_stem(atlas) == "minilm-atlas-previous"


@example("NUL", "", [])
@given(st.text(), st.text(), st.lists(st.text(max_size=8), max_size=9))
def test_file_stem_is_a_name_everywhere(model, name, heads):
    stem = file_stem(provenance(model=model, view=name, heads=tuple(heads)))
    assert 0 < len(stem) <= 100
    assert set(stem) <= set(string.ascii_letters + string.digits + "-_")
    assert stem.lower() not in RESERVED


def test_format_of_reads_the_ending(refuses):
    assert format_of("a/b.c/Figure.SVG") == "svg"
    with refuses(UserError, "“.gif”", ".png", ".svg", ".pdf"):
        format_of("figure.gif")
    with refuses(UserError):
        format_of("figure")
    with refuses(UserError, ".csv", ".npz"):
        format_of("figure.png", ("csv", "npz"))


def test_every_format_can_be_shown_on_a_button(snapshot):
    for entry in FORMATS.values():
        assert entry.title and re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", entry.mime)
    assert FORMATS["svg"].note == snapshot  # that it has no fonts in it


# The snippet ----------------------------------------------------------------------------------------------------


def assigned(code, name):
    """The literal that a piece of code gives to a name."""
    for step in ast.parse(code).body:
        if isinstance(step, ast.Assign) and step.targets[0].id == name:
            return ast.literal_eval(step.value)
    raise AssertionError(f"{name} is not assigned")


def calls(code):
    """Functions that are called by name, with their keyword arguments."""
    return {
        node.func.id: {key.arg: ast.literal_eval(key.value) for key in node.keywords}
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


@given(st.text(), st.text(max_size=20))
def test_no_text_breaks_the_snippet(text, revision):
    code = snippet(provenance(text=text, revision=revision))
    assert assigned(code, "text") == text
    assert code.encode()  # no lone surrogate is left


def test_a_text_cannot_become_code():
    text = "'''\n\"\"\"\\'; import os #\u202e\u2028🍜"
    code = snippet(provenance(text=text, revision="x\nimport os"))
    assert assigned(code, "text") == text
    assert set(calls(code)) == {"open_model", "attention", "draw", "save"}
    assert "\u202e" not in code and "\u2028" not in code  # written as escapes: what one reads is what runs
    assert "import os" not in code.splitlines()


def test_snippet_of_a_picture():
    code = snippet(provenance(special="hide", options={"theme": "dark", "start": 64, "bos": False}))
    done = calls(code)
    assert done["attention"] == {"unit": "words", "special": "hide", "bos": False}
    assert done["draw"] == {"theme": "dark", "start": 64}
    assert "for head in ['L2H9']" in code and "draw(views, 'heatmap'" in code
    assert code.endswith('save(thing, "minilm-L2H9-heatmap.svg")\n')


def test_snippet_of_an_atlas_a_table_and_a_matrix():
    atlas = snippet(provenance(view="atlas", heads=(), options={"score": "previous", "theme": "dark", "bos": False}))
    assert calls(atlas)["draw_atlas"] == {"score": "previous", "theme": "dark", "model": "MiniLM"}
    assert calls(atlas)["scores"] == {"bos": False}
    maps = snippet(provenance(view="atlas", heads=(), options={"score": None}))
    assert (
        "from dashboard import draw_atlas, open_model, overview, save\n" in maps
        and calls(maps)["draw_atlas"]["score"] is None
    )
    table = snippet(provenance(view="scores", heads=(), options={}))
    assert table.endswith('thing = scores(model, text)\nsave(thing, "minilm-scores.csv")\n')
    check = snippet(provenance(view="verify", heads=(), options={"bos": True, "limit": 9}))
    assert check.endswith('thing = verify(model, text, bos=True, limit=9)\nsave(thing, "minilm-verify.csv")\n')
    matrix = snippet(provenance(view="matrix", options={"theme": "light"}))
    assert "[attention(model, text, head, unit='words', special='show') for head in ['L2H9']]" in matrix
    assert "thing = views[0]" in matrix and ".npz" in matrix


def test_snippet_opens_the_same_commit_of_a_hub_model():
    commit = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
    assert f"open_model('gpt2/small@{commit}')" in snippet(provenance(model="gpt2/small", revision=commit))
    assert "open_model('minilm')  # sha256:53aa51172d14" in snippet(provenance())
