"""A recorded call and the lines that make it again."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dashboard
from dashboard.corpus.builtin import builtin_corpus
from dashboard.export import Provenance, snippet
from dashboard.export.call import Call, Each, Lines, Model, Part, Text, Variable, corpus_named, recipe
from dashboard.export.call import given as chosen
from dashboard.export.metadata import KEY
from dashboard.export.provenance import origin

PACKAGE = Path(dashboard.__file__).parent
MODEL, TEXT = Model("minilm", "sha256:53aa51172d14", "MiniLM"), Text("The chef")

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def call_of(code, name):
    """The one call of a function in a piece of code."""
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call) and _called(node) == name]
    assert len(found) == 1, (name, code)
    return found[0]


def _called(node):
    return node.func.id if isinstance(node.func, ast.Name) else ""


def unbound(code):
    """(Names that are used and not there, names that are imported and not used)."""
    nodes = list(ast.walk(ast.parse(code)))
    imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    assert not imported & stored
    return used - imported - stored, imported - used


def test_nested_calls_have_a_line_each():
    every = Call("head_effects", (MODEL,), {"by": "zero"}, to="every")
    drawn = Call("draw_ranking", (every, "L2H9"), {"width": 440}, makes="figure")
    assert recipe(drawn) == (
        "from dashboard import draw_ranking, head_effects, open_model, save\n"
        "\n"
        "model = open_model('minilm')  # sha256:53aa51172d14\n"
        "every = head_effects(model, by='zero')\n"
        "thing = draw_ranking(every, 'L2H9', width=440)"
    )


def test_a_call_that_needs_no_name_stands_where_it_is_used():
    effect = Part(Call("ablate_in", (MODEL, Call("builtin_corpus"), ["L2H9"]), {"by": "mean"}), "table", "table")
    assert recipe(effect).endswith("thing = ablate_in(model, builtin_corpus(), ['L2H9'], by='mean').table")
    assert unbound(recipe(effect)) == (set(), {"save"})
    heads = [Call("HeadId", (2, 9)), Call("HeadId", (0, 1))]
    assert "tray=[HeadId(2, 9), HeadId(0, 1)]" in recipe(Call("draw_map", (), {"tray": heads}))


def test_a_list_and_its_parts():
    views = Each(Call("attention", (MODEL, TEXT, Variable("head"))), "head", ["L2H9"], to="views")
    assert recipe(Part(views, 0)).splitlines()[-2:] == [
        "views = [attention(model, text, head) for head in ['L2H9']]",
        "thing = views[0]",
    ]
    kept = Each(Variable("kept.folder"), "kept", Call("profile_library"), {"model": "a'b", "file": '"'})
    assert recipe(Part(kept, 0)).endswith(
        "thing = [kept.folder for kept in profile_library() if kept.model == \"a'b\" and kept.file == '\"'][0]"
    )


def test_what_is_the_same_is_made_once():
    found = Call("changed_heads", (MODEL, TEXT, "b"), to="changes")
    code = recipe(Call("draw_changes", (MODEL, found, TEXT, found), makes="figure"))
    assert code.endswith(
        "text = 'The chef'\n"
        "model = open_model('minilm')  # sha256:53aa51172d14\n"
        "changes = changed_heads(model, text, 'b')\n"
        "thing = draw_changes(model, changes, text, changes)"
    )


def test_no_two_things_have_one_name():
    first, second = (Call("scores", (MODEL, text), to="scores") for text in (TEXT, Text("other")))
    head = Each(Call("attention", (Model("smollm2"), TEXT, Variable("text_3"))), "text_3", ["L0H0"], to="thing")
    code = recipe(Call("draw", (first, second, head, Text("third"), Call("model", to="model"))))
    assert code.splitlines()[2:] == [
        "text = 'The chef'",
        "text_2 = 'other'",
        "text_4 = 'third'",
        "model_2 = open_model('minilm')  # sha256:53aa51172d14",
        "model_3 = open_model('smollm2')",
        "scores_2 = scores(model_2, text)",
        "scores_3 = scores(model_2, text_2)",
        "thing_2 = [attention(model_3, text, text_3) for text_3 in ['L0H0']]",
        "model_4 = model()",
        "thing = draw(scores_2, scores_3, thing_2, text_4, model_4)",
    ]
    assert unbound(code) == (set(), {"save"})


def test_a_long_call_has_a_line_for_each_argument():
    code = recipe(Call("draw", (Call("toy_example", ("a" * 60, "b" * 60), {"heads": 1}, to="toy"),)))
    assert f"toy = toy_example(\n    '{'a' * 60}',\n    '{'b' * 60}',\n    heads=1,\n)\nthing = draw(toy)" in code
    assert ast.literal_eval(call_of(code, "toy_example").args[1]) == "b" * 60


@pytest.mark.parametrize(
    "text", ["", "'\"\\", "'''\n\"\"\"", "a\nb\r\tc", "🍜 東 \u202e\u2028", "\ud800", "# import os"]
)
def test_no_text_breaks_the_lines(text):
    made = Call("draw", (Model(text, text), Text(text), text, Call("recall", (), {"note": text}, to="run", note=text)))
    code = recipe(made)
    assert code.isascii() or all(character.isprintable() or character == "\n" for character in code)
    assert ast.literal_eval(call_of(code, "open_model").args[0]) == text
    assert ast.literal_eval(call_of(code, "draw").args[2]) == text
    assert ast.literal_eval(call_of(code, "recall").keywords[0].value) == text
    assert unbound(code) == (set(), {"save"}) and code.encode()
    assert {type(step) for step in ast.parse(code).body} == {ast.ImportFrom, ast.Assign}


@given(st.lists(plain, max_size=4), st.dictionaries(st.sampled_from("abcdef"), plain, max_size=4), st.text())
def test_values_come_back_as_they_were(args, kwargs, note):
    inner = Call("scores", tuple(args), kwargs, to="table", note=note)
    code = recipe(Call("draw_atlas", (inner, *args), kwargs))
    for name, skipped in (("scores", 0), ("draw_atlas", 1)):
        call = call_of(code, name)
        assert [ast.literal_eval(node) for node in call.args[skipped:]] == args
        assert {key.arg: ast.literal_eval(key.value) for key in call.keywords} == kwargs


@given(st.text(), st.text(), st.text(max_size=30))
def test_any_model_is_opened_by_one_literal(name, text, revision):
    code = recipe(Call("scores", (Model(name, revision), Text(text))))
    assert ast.literal_eval(call_of(code, "open_model").args[0]) == Model(name, revision).address
    assert len(ast.parse(code).body) == 4 and unbound(code) == (set(), {"save"})


def test_a_hub_model_is_opened_at_its_commit():
    commit = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
    assert Model("gpt2/small", commit).address == Model("gpt2/small@main", commit).address == f"gpt2/small@{commit}"
    assert Model("gpt2/small", "sha256:53aa").address == "gpt2/small"
    assert Model("/home/models/gpt2", commit).address == "/home/models/gpt2"
    two = recipe(Call("compare_models", (Model("a/b", commit), Model("a/b", commit[::-1]))))
    assert two.count("open_model('a/b@") == 2 and two.endswith("compare_models(model, model_2)")


@pytest.mark.parametrize(("makes", "ending"), [("figure", "svg"), ("table", "csv"), ("matrix", "npz")])
def test_the_ending_is_that_of_what_is_made(makes, ending):
    made = origin(MODEL, "", "view", Call("recall_table", (), makes=makes), options={})
    assert snippet(made).endswith(f'thing = recall_table()\nsave(thing, "minilm-view.{ending}")\n')
    again = Provenance.from_dict(json.loads(made.to_json()))
    assert snippet(again) == snippet(made) and again.to_json() == made.to_json()
    assert made.to_dict()["recipe"] == made.recipe and made.to_dict()["makes"] == makes


@pytest.mark.parametrize(
    ("last", "ending"),
    [
        ("map_heads(model).table", "csv"),
        ("query_key_table(query_keys(model), 'L0H2')", "csv"),
        ("draw_map(map_heads(model))", "svg"),
        ("draw_map('.table')", "svg"),
    ],
)
def test_lines_that_an_earlier_version_wrote_stay(last, ending):
    lines = f"from dashboard import save\n\nthing = {last}"
    said = Provenance("m", "", "", (), "words", "show", "map").to_dict() | {"recipe": lines}
    read = Provenance.from_dict(said)
    assert read.to_dict() == said and list(read.to_dict()) == list(said) and read.call == Lines(lines)
    assert snippet(read) == f'{lines}\nsave(thing, "m-map.{ending}")\n'
    for odd in ("rm -r", ["table"], None):
        assert snippet(Provenance.from_dict(said | {"makes": odd})) == snippet(read)


@pytest.mark.parametrize(
    "file", sorted((PACKAGE / "analyses/ablation/shipped").glob("*.parquet")), ids=lambda f: f.stem
)
def test_what_ships_is_written_as_it_was_read(file):
    written = pq.read_schema(file).metadata[KEY.encode()].decode()
    assert json.loads(written)["recipe"] and Provenance.from_dict(json.loads(written)).to_json() == written


def test_every_recorded_call_is_of_a_public_name():
    called = set()
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node) in ("Call", "drawn", "on_text"):
                called |= {arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant)}
    assert len(called) > 30
    assert not called - set(dashboard.__all__)


def test_no_lines_are_written_by_hand():
    """Only `dashboard.export.call` knows how a line of Python looks."""
    by_hand = re.compile(r"from dashboard import|= open_model\(|\bthing = ")
    for part in ("analyses", "charts", "ui", "export"):
        for file in sorted((PACKAGE / part).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr) and file.name != "call.py":
                    words = "".join(str(one.value) for one in node.values if isinstance(one, ast.Constant))
                    assert not by_hand.search(words), f"{file}:{node.lineno}"


def test_what_was_not_chosen_is_no_option():
    assert chosen(theme="dark", width=None, start=0, bos=False) == {"theme": "dark", "start": 0, "bos": False}


def test_numbers_of_numpy_are_written_as_numbers():
    call = Call("draw", ("x", [np.float64(0.5), (np.int64(3),)]), {"at": np.float32(0.25), "on": np.bool_(True)})
    assert "np." not in recipe(call) and "draw('x', [0.5, (3,)], at=0.25, on=True)" in recipe(call)


def test_a_corpus_is_named_without_its_folder(tmp_path):
    assert corpus_named(tmp_path / "mine.conllu") == corpus_named(str(tmp_path / "mine.conllu")) == "mine.conllu"
    assert corpus_named(str(builtin_corpus())) == Call("builtin_corpus")
