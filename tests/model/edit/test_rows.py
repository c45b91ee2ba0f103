"""Edited rows of attention, against the same edit behind the softmax of the library's own eager attention."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModel

from dashboard import attention, open_model
from dashboard.capture.ablate import Held, ablate
from dashboard.capture.attention_call import Call, Row
from dashboard.capture.encoder_decoder import of_part
from dashboard.capture.interventions import RowEdit, edited_vectors
from dashboard.capture.interventions.rows import changed_row
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from tests.helpers import tiny
from tests.helpers.eager import softmax_changed

TEXT = tiny.SENTENCES[0]
KINDS = ["minilm", "smollm2", "bert", "gpt2", "llama", "gemma2", "gpt_oss", "gpt_neo", "falcon"]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A model of this kind, opened once; of a kind without a name of the catalogue a tiny, peaked one."""
    made = {}

    def of(kind, **more):
        if kind not in made:
            name = kind
            if kind not in ("minilm", "smollm2"):
                folder = tmp_path_factory.mktemp("edit") / kind
                folder.mkdir()
                tiny.make(kind, folder, **more)
                name = str(folder)
            made[kind] = open_model(name)
        return made[kind]

    return of


def by_the_library(model, change, call, **ids):
    """The last vectors (n, D) of the library's eager model, with the softmax of that number changed."""
    root = AutoModel.from_pretrained(model.source.folder, dtype=torch.float32, attn_implementation="eager").eval()
    with softmax_changed(call, change), torch.inference_mode():
        return root(**{name: torch.tensor([one]) for name, one in ids.items()}).last_hidden_state[0]


def close(a, b):
    """Within 1e-5 of numbers of the size of 1; of larger ones, of their size."""
    return float((a - b).abs().max()) <= 1e-5 * max(1.0, float(b.abs().max()))


def changes(head, query, keys):
    """By way: what it does to the rows of a softmax in place, written as METRICS §9 says it. n: without a sink."""

    def cut(rows, renormalise):
        rows[head, query, keys] = 0
        if renormalise:
            rows[head, query] /= rows[head, query].sum()

    def one(rows, key):
        rest = rows[head, query, n(rows) :].sum()
        rows[head, query, : n(rows)] = 0
        rows[head, query, key] = 1 - rest

    def even(rows):
        seen = rows[head, query, : n(rows)] > 0
        rest = rows[head, query, n(rows) :].sum()
        rows[head, query, : n(rows)] = seen / seen.sum() * (1 - rest)

    def n(rows):
        return rows.shape[1]

    return {
        "renormalised": lambda rows: cut(rows, True),
        "left": lambda rows: cut(rows, False),
        "uniform": even,
        "previous": lambda rows: one(rows, query - 1),
        "self": lambda rows: one(rows, query),
        "first": lambda rows: one(rows, 0),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_equal_to_an_edit_behind_the_librarys_softmax(kind, opened):
    model = opened(kind)
    encoding = model.encode(TEXT)
    layer, head, query = len(model.numbers) // 2, 1, 6
    row = attention(model, encoding, HeadId(layer, head), unit="tokens").weights[query]
    keys = [int(key) for key in row.argsort()[-2:]]  # its strongest
    ways = changes(head, query, keys)
    sets = [
        [RowEdit(HeadId(layer, head), query, way, frozenset(keys if way in ("renormalised", "left") else ()))]
        for way in ways
    ]
    intact, edited = edited_vectors(model, encoding, sets)
    expected = by_the_library(model, lambda _: None, -1, input_ids=encoding.ids)
    assert close(intact, expected)
    for found, (way, change) in zip(edited, ways.items(), strict=True):
        expected = by_the_library(model, change, layer, input_ids=encoding.ids)
        assert close(found, expected), way
        if kind not in ("minilm", "smollm2"):  # a trained head may not care
            assert float((expected - intact).abs().max()) > 1e-3, (way, "the edit is to matter in this test")


@pytest.mark.parametrize("part", ["decoder", "cross"])
def test_a_decoders_links_and_those_to_its_source(part, opened):
    whole = opened("t5")
    source = "The old bridge had been built."
    model = of_part(whole, part, source)
    encoding = model.encode(TEXT)
    head, query, keys = 2, 6, [1, 4]
    change = changes(head, query, keys)["renormalised"]
    _, [found] = edited_vectors(
        model, encoding, [[RowEdit(HeadId(1, head, part), query, "renormalised", frozenset(keys))]]
    )
    call = whole.layers + 2 * 1 + (part == "cross")
    expected = by_the_library(
        model,
        change,
        call,
        input_ids=whole.encode(source).ids,
        decoder_input_ids=encoding.ids,
    )
    assert close(found, expected)


@pytest.mark.parametrize("kind", ["minilm", "gpt2", "gpt_neo"])
def test_all_links_of_a_head_cut_and_left_are_its_ablation_by_zero(kind, opened):
    model = opened(kind)
    encoding, head = model.encode(TEXT), HeadId(1, 2)
    n = len(encoding)
    edits = [RowEdit(head, query, "left", frozenset(range(n))) for query in range(n)]
    _, [found] = edited_vectors(model, encoding, [edits])
    _, [run] = ablate(model, [encoding], [[head]])
    assert close(found, run.vectors[0, 0])


@pytest.mark.parametrize("kind", ["minilm", "smollm2"])
def test_a_cut_of_nothing_changes_nothing(kind, opened):
    model = opened(kind)
    encoding = model.encode(TEXT)
    nothing = [[], [RowEdit(HeadId(1, 2), 3, "renormalised")], [RowEdit(HeadId(1, 2), 3, "left", frozenset([9]))]]
    sets = nothing if model.predicts_next else nothing[:2]
    intact, edited = edited_vectors(model, encoding, [*sets, [RowEdit(HeadId(1, 2), 3, "first")]])
    assert all(torch.equal(one, intact) for one in edited[:-1])
    assert not torch.equal(edited[-1], intact)


def test_only_what_comes_after_the_edited_layer_runs_again(opened, monkeypatch):
    model = opened("smollm2")
    encoding, held = model.encode(TEXT), Held(opened("smollm2"), opened("smollm2").encode(TEXT))
    edited_vectors(model, encoding, [[RowEdit(HeadId(3, 1), 4, "self")]], held)
    ran = []
    for number, block in enumerate(model.loaded.model.layers):
        handle = block.mlp.register_forward_hook(lambda *_, number=number: ran.append(number))
        monkeypatch.setattr(block, "handle", handle, raising=False)
    last = model.layers - 2
    _, [found] = edited_vectors(model, encoding, [[RowEdit(HeadId(last, 1), 4, "self")]], held)
    for block in model.loaded.model.layers:
        block.handle.remove()
    assert ran == [last, last + 1]
    assert close(found, edited_vectors(model, encoding, [[RowEdit(HeadId(last, 1), 4, "self")]])[1][0])


@pytest.mark.parametrize(("query", "way"), [(0, "previous"), (20, "first")])
def test_a_row_cannot_become_a_key_that_the_mask_hides(query, way, opened, refuses):
    model = opened("mistral", **tiny.SIZES | {"sliding_window": 4}) if way == "first" else opened("gpt2")
    with refuses(UserError, f"token {query}", way):
        edited_vectors(model, model.encode(" ".join([TEXT] * 3)), [[RowEdit(HeadId(1, 2), query, way)]])


@pytest.mark.parametrize(("gap", "sink"), [(14.0, -6.0), (12.0, -20.0), (2.0, 1.0)])
def test_beside_a_dominant_key_a_sink_keeps_its_share_of_the_rest(gap, sink):
    scores = torch.tensor([gap, 0.0, -1.0])
    keys = scores[:, None]
    call = Call(
        torch.ones(1, 1, 1, 1),
        keys[None, None],
        keys[None, None],
        None,
        causal=False,
        scaling=1.0,
        sink=torch.tensor([sink]),
    )
    row = call.row(0, 0)
    new = changed_row(
        RowEdit(HeadId(0, 0), 0, "renormalised", frozenset([0])),
        Row(row.weights[0], row.values[0], row.allowed[0], row.rest[0]),
    )
    masked = torch.tensor([float("-inf"), 0.0, -1.0, sink], dtype=torch.float64).softmax(0)[:3]
    assert torch.allclose(new.double(), masked, atol=1e-6)


def test_a_uniform_row_is_refused_where_the_mask_cannot_be_told(opened, refuses):
    model = opened("gpt_neo")
    encoding = model.encode(TEXT)
    edit = RowEdit(HeadId(0, 1), 8, "uniform")
    weights = torch.tensor([[0.5, 0.0, 0.5]])
    row = Row(weights[0], torch.ones(3, 2), weights[0] > 0, torch.zeros(1), told=False)
    with refuses(UserError, "L0H1"):
        changed_row(edit, row)
    assert torch.equal(changed_row(RowEdit(HeadId(0, 1), 2, "self"), row), torch.tensor([0.0, 0.0, 1.0]))
    assert edited_vectors(model, encoding, [[edit]])[1].isfinite().all()


def test_a_head_that_does_not_exist_is_refused(opened, refuses):
    model = opened("minilm")
    with refuses(UserError, "L1H40"):
        edited_vectors(model, model.encode(TEXT), [[RowEdit(HeadId(1, 40), 2, "self")]])
