"""Models that pool tokens: CANINE, which reads characters, and Funnel. Layers with a map of all tokens are shown."""

import numpy as np
import pytest
import torch
from transformers import AutoModel, FunnelBaseModel

import dashboard.capture.ablate as ablating
from dashboard import ablate
from dashboard.analyses.explore.api import attentions
from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from tests.helpers import tiny
from tests.helpers.eager import by_the_library

LONG = " ".join(tiny.SENTENCES)
HOSTILE = ["a\x00b", "x \ue003y", "  two\n\tlines ", "e\u0301 \N{ZERO WIDTH JOINER} 👩\u200d👩\u200d👧 🏳️\u200d🌈 ชาวนา"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {kind: tmp_path_factory.mktemp("pooled") / kind for kind in ("canine", "funnel", "base")}
    for folder in made.values():
        folder.mkdir()
    tiny.make("canine", made["canine"], local_transformer_stride=32, max_position_embeddings=512, num_hash_buckets=512)
    own = {"architectures": ["FunnelModel"]}
    tiny.make("funnel", made["funnel"], block_sizes=[1, 2, 1], num_decoder_layers=2, **own)
    tiny.make("funnel", made["base"], block_sizes=[2, 1], architectures=["FunnelBaseModel"])
    tiny.edit(made["base"], architectures=["FunnelForSequenceClassification"])  # which has no decoder
    return made


@pytest.fixture(scope="module")
def opened(folders):
    return {kind: open_model(str(folder)) for kind, folder in folders.items()}


def of_library(folder, ids):
    kind = FunnelBaseModel if folder.name == "base" else AutoModel
    model = kind.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        return model(torch.tensor([ids]), output_attentions=True)


@pytest.mark.parametrize("kind", ["canine", "funnel", "base"])
@pytest.mark.parametrize("text", [LONG[:30], tiny.SENTENCES[0], LONG], ids=["short", "sentence", "long"])
def test_the_layers_of_all_tokens_are_the_librarys(kind, text, opened, folders):
    model, encoding = opened[kind], opened[kind].encode(text)
    expected = of_library(folders[kind], encoding.ids)
    with torch.inference_mode():
        seen = model.run(torch.tensor([encoding.ids])).last_hidden_state
    assert torch.allclose(seen, expected.last_hidden_state, atol=1e-5)
    if kind == "canine":
        assert len(encoding) > 4 * 32 or text != LONG
        maps = dict(zip((0, 4), by_the_library(folders[kind], encoding.ids), strict=True))
        blocks = np.arange(len(encoding)) // 32
        assert (maps[0][:, blocks[:, None] != blocks] == 0).all()
    else:
        maps = dict(enumerate(one[0].numpy() for one in expected.attentions))
    seen = attentions(model, encoding, model.all_heads)
    for view in seen:
        assert abs(view.weights - maps[view.head.layer][view.head.head]).max() < 1e-5
        assert abs(view.weights.sum(-1) - 1).max() < 1e-5


def test_pooled_layers_are_named(opened):
    canine, funnel, base = (opened[kind] for kind in ("canine", "funnel", "base"))
    assert (canine.layers, canine.numbers, canine.pooled) == (5, (0, 4), (1, 2, 3))
    assert (funnel.layers, funnel.numbers, funnel.pooled) == (6, (0, 4, 5), (1, 2, 3))
    assert (base.layers, base.numbers, base.pooled) == (3, (0, 1), (2,))
    assert canine.extent == "maps of all tokens in 2 of 5 layers"
    assert "Layers 1 to 3 attend over pooled tokens" in (canine.note or "")
    assert "Layer 2 attends over pooled tokens" in (base.note or "")


def test_what_pooled_layers_do_not_give_is_said(opened, snapshot):
    canine, base = opened["canine"], opened["base"]
    works = (
        lambda: canine.check_head(HeadId(2, 1)),
        lambda: canine.check_every_layer("This"),
        lambda: attentions(canine, "a", [HeadId(0, 0)]),
        lambda: ablate(base, tiny.SENTENCES[0], [HeadId(0, 0)]),
    )
    told = []
    for work in works:
        with pytest.raises(UserError) as said:
            work()
        told.append(str(said.value))
    assert told == snapshot


@pytest.mark.parametrize("layer", [0, 4])
def test_a_funnels_head_is_ablated_as_by_a_hook(layer, opened, folders):
    model, head = opened["funnel"], HeadId(layer, 1)
    encoding = model.encode(LONG)
    vectors, runs = ablating.ablate(model, [encoding], [[head]])
    [run] = runs
    library = AutoModel.from_pretrained(folders["funnel"], attn_implementation="eager").eval()

    def silence(_, args):
        heads = args[0].unflatten(-1, (model.heads, -1)).clone()
        heads[:, :, head.head] = 0
        return heads.flatten(2)

    with torch.inference_mode():
        whole = library(torch.tensor([encoding.ids])).last_hidden_state
        own = library.encoder.blocks[0][0] if layer == 0 else library.decoder.layers[0]
        own.attention.post_proj.register_forward_pre_hook(silence)
        without = library(torch.tensor([encoding.ids])).last_hidden_state
    assert torch.allclose(vectors, whole, atol=1e-5)
    assert abs(run.vectors[0] - without).max() < 1e-4 < abs(without - whole).max()


@pytest.mark.parametrize("text", HOSTILE)
def test_every_character_is_a_token(text, opened):
    encoding = opened["canine"].encode(text)
    assert list(encoding.ids) == tiny.characters()(text)["input_ids"] == [0xE000, *map(ord, text), 0xE001]
    assert [encoding.text[start:end] for start, end in encoding.spans[1:-1]] == list(text)
    assert encoding.labels[0] == "[CLS]" and encoding.labels[-1] == "[SEP]"
    assert [i for i, special in enumerate(encoding.special[1:-1]) if special] == [
        i for i, one in enumerate(text) if one in "\x00\ue003"
    ]


def test_words_of_characters_are_whole(opened):
    encoding = opened["canine"].encode(HOSTILE[-1])
    forms = [word.form for word in encoding.words]
    assert forms[0] == "e\u0301" and "👩\u200d👩\u200d👧" in forms and "🏳️\u200d🌈" in forms
    covered = {token for token, word in enumerate(encoding.word_of) if word is not None}
    assert {encoding.text[slice(*encoding.spans[i])] for i in set(range(1, len(encoding) - 1)) - covered} == {" "}


def test_a_pair_of_texts_of_characters(opened):
    encoding = opened["canine"].encode("ab", pair="cd e")
    assert list(encoding.ids) == tiny.characters()("ab", "cd e")["input_ids"]
    own = [i for i, special in enumerate(encoding.special) if not special]
    assert [encoding.text[slice(*encoding.spans[i])] for i in own if encoding.segments[i]] == list("cd e")
    assert encoding.special.count(True) == 3 and encoding.pair == "cd e"


def test_characters_of_words_one_by_one(opened):
    encoding = opened["canine"].encode("A heron", as_words=True)
    assert [chr(number) for number in encoding.ids[1:-1]] == list(" A heron")
    assert [word.form for word in encoding.words] == ["A", "heron"]
