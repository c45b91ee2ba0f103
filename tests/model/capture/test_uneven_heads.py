"""Models whose layers have different numbers of heads: every head that there is, and no other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModel

from dashboard import UserError, attention, explore, map_heads, profile, query_keys
from dashboard.analyses.ablation.api import ablate
from dashboard.analyses.compare.changed_heads import changed_heads
from dashboard.analyses.explore.api import attention_together
from dashboard.analyses.explore.long_text import read_long
from dashboard.analyses.find_heads.api import find_heads
from dashboard.analyses.profile.library import read_profile
from dashboard.analyses.query_key.api import plane_of
from dashboard.analyses.scores.api import draw_atlas
from dashboard.analyses.scores.survey import survey
from dashboard.capture import open_model
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers import tiny

KINDS = {
    "laguna": {"num_attention_heads_per_layer": [4, 2, 4]},
    "step3p7": {
        "text_config": {
            "layer_types": ["full_attention", "sliding_attention", "full_attention"],
            "num_sliding_attention_heads": 2,
        }
    },
    "dots3_note_text": {"layer_types": None},
}
TEXT = "The chef who trained in Osaka says ramen is her favourite food."


@pytest.fixture(scope="module", params=KINDS)
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uneven") / request.param
    folder.mkdir()
    tiny.make(request.param, folder, **KINDS[request.param])
    return open_model(str(folder))


def test_each_head_that_there_is_has_the_weights_of_the_library(model):
    encoding = model.encode(TEXT)
    eager = AutoModel.from_pretrained(model.source.folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        maps = eager(torch.tensor([encoding.ids]), output_attentions=True).attentions
    counts = {layer: one.shape[1] for layer, one in enumerate(maps)}
    assert len(set(counts.values())) > 1
    assert list(model.all_heads) == [HeadId(layer, head) for layer, count in counts.items() for head in range(count)]
    assert [model.place(head) for head in model.all_heads] == list(range(len(model.all_heads)))
    kept = read_long(model, encoding)
    for head in model.all_heads:
        expected = maps[head.layer][0, head.head].numpy()
        np.testing.assert_allclose(attention(model, encoding, head).weights, expected, atol=1e-5)
        np.testing.assert_allclose(kept.view(head).weights, expected, atol=1e-5)
    together = attention_together(model, encoding, "all").weights
    np.testing.assert_allclose(together, torch.cat(maps, 1)[0].mean(0).numpy(), atol=1e-5)


def test_a_head_that_its_layer_does_not_have_is_told_with_what_it_has(model):
    layer, count = next(iter(model.fewer.items()))
    with pytest.raises(UserError, match=f"it has {count} heads in layer {layer}, counted from 0 to {count - 1}"):
        attention(model, TEXT, HeadId(layer, count))
    assert f"{count} to {model.heads} heads" in model.size


def test_tables_have_a_row_for_each_head_that_there_is(model):
    found = survey(model, model.encode(TEXT))
    assert heads_of(found.scores) == list(model.all_heads) and found.scores["entropy"].notna().all()
    assert draw_atlas(found, None).to_dict() and draw_atlas(found, "entropy").to_dict()
    ranked = find_heads(model, TEXT, [(6, 1)])
    assert set(heads_of(ranked.table)) == set(model.all_heads)
    changed = changed_heads(model, TEXT, TEXT.replace("chef", "pilot")).table
    assert set(heads_of(changed)) == set(model.all_heads) and changed["change"].notna().all()


def test_what_is_found_of_a_head_is_found_in_a_table_of_all(model):
    """A place among heads is not a layer times so many heads."""
    last = model.all_heads[-1]
    ranked = find_heads(model, TEXT, [(6, 1)]).table
    row = ranked[(ranked["layer"] == last.layer) & (ranked["head"] == last.head)].iloc[0]
    row_of_says = attention(model, TEXT, last, unit="words", special="hide").weights[6]
    assert row["score"] == pytest.approx(row_of_says[1] / (row_of_says.sum() - row_of_says[6]), abs=1e-5)


def test_ablation_equals_a_hook_before_the_output_projection(model):
    if model.source.folder.name == "dots3_note_text":
        pytest.skip("its heads' outputs are not the columns of one projection")
    encoding, head = model.encode(TEXT), model.all_heads[-1]
    found = ablate(model, encoding, [head]).table.iloc[0]
    blocks = [
        one for name, one in model.loaded.model.named_modules() if name.endswith(f"layers.{head.layer}.self_attn")
    ]
    projection, heads = blocks[-1].o_proj, model.heads_of(head.layer)

    def without(module, given):
        (vectors,) = given
        vectors = vectors.clone().unflatten(-1, (heads, -1))
        vectors[..., head.head, :] = 0
        return (vectors.flatten(-2),)

    ids = torch.tensor([encoding.ids])
    with torch.inference_mode():
        before = model.last_vectors(ids)[0]
        handle = projection.register_forward_pre_hook(without)
        after = model.last_vectors(ids)[0]
        handle.remove()
    shift = 1 - torch.nn.functional.cosine_similarity(before.double(), after.double(), dim=-1)
    shift = shift[~torch.tensor(encoding.special)].mean()
    assert shift > 1e-4
    assert found["shift"] == pytest.approx(float(shift), rel=1e-4)


def test_a_profile_names_its_heads(model, treebank, tmp_path):
    if model.source.folder.name != "laguna":
        pytest.skip("one kind is enough")
    profile(model, treebank, tmp_path / "profile")
    found = read_profile(tmp_path / "profile")
    assert heads_of(found.heads) == list(model.all_heads)
    assert set(heads_of(found.dependencies)) == set(model.all_heads)


def test_queries_and_keys_of_each_head_that_there_is_and_of_no_other(model, treebank):
    if model.source.folder.name != "laguna":
        pytest.skip("one kind is enough")
    vectors = query_keys(model, treebank)
    for head in model.all_heads:
        assert plane_of(vectors, head).head == head
    with pytest.raises(UserError, match="There is no head L1H2"):
        plane_of(vectors, "L1H2")


def test_what_needs_the_same_number_in_each_layer_says_so(model):
    for needs in (lambda: map_heads(model), lambda: explore(model, TEXT)):
        with pytest.raises(UserError, match="needs the same number in each"):
            needs()
