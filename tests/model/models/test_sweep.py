"""Whatever kind of model a person brings, it is opened right or refused by a sentence; nothing else is ever raised."""

import dataclasses
import re
import time

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

import dashboard.capture.ablate as ablating
from dashboard import ablate, draw, profile, scores
from dashboard.analyses.explore.api import attentions
from dashboard.analyses.profile import conditional_logit
from dashboard.capture import open_model
from dashboard.capture.maps.handed_out import unblocked
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers import tiny
from tests.helpers.eager import by_the_library

TEXT = " ".join(tiny.SENTENCES[:2])  # more tokens than every window and budget of `tiny.SIZES`
READ = [
    "albert",
    "apertus",
    "arcee",
    "aria_text",
    "axk1",
    "axk2",
    "beam",
    "bert",
    "bert-generation",
    "biogpt",
    "bitnet",
    "bloom",
    "camembert",
    "canine",
    "codegen",
    "cohere",
    "cohere2",
    "convbert",
    "ctrl",
    "data2vec-text",
    "deberta",
    "deberta-v2",
    "deepseek_v2",
    "deepseek_v3",
    "deepseek_v32",
    "deepseek_v4",
    "diffllama",
    "distilbert",
    "dpr",
    "electra",
    "ernie",
    "ernie4_5",
    "esm",
    "exaone4",
    "falcon",
    "flaubert",
    "funnel",
    "gemma",
    "gemma2",
    "gemma3_text",
    "glm",
    "glm4_moe",
    "glm_moe_dsa",
    "gpt2",
    "gpt_bigcode",
    "gpt_neox",
    "gpt_oss",
    "gptj",
    "granite",
    "granite_swa",
    "granitemoe",
    "helium",
    "hy_v4",
    "hy_v4_vl",
    "hy_v4_vl_text",
    "internlm3",
    "jina_embeddings_v3",
    "kimi_k25",
    "layoutlm",
    "llama",
    "llama4_text",
    "markuplm",
    "megatron-bert",
    "ministral",
    "mistral",
    "mistral_large4",
    "mistral_large4_text",
    "mixtral",
    "mobilebert",
    "modernbert",
    "mpnet",
    "nemotron",
    "nomic_bert",
    "nystromformer",
    "olmo2",
    "olmoe",
    "openai-gpt",
    "opt",
    "phi",
    "phi3",
    "phimoe",
    "qwen2",
    "qwen2_moe",
    "qwen3",
    "qwen3_moe",
    "rembert",
    "roberta",
    "dots3_note_text",
    "glm4v_text",
    "glm5_next_text",
    "granitemoehybrid",
    "jamba",
    "layoutlmv3",
    "lilt",
    "minimax_m3_vl",
    "qwen2_vl",
    "qwen2_vl_text",
    "qwen3_next",
    "xmod",
    "lfm2",
    "lfm3",
    "big_bird",
    "ibert",
    "longformer",
    "minimax",
    "reformer",
    "squeezebert",
    "minimax_m3_vl_text",
    "olmo_hybrid",
    "recurrent_gemma",
]
# kind → settings in place of `tiny.SETTINGS`
REFUSED = {
    "blt": {},
    "bros": {},
    "udop": {},
    "decision_transformer": {},
    "fnet": {},
    "idefics": {},
    "mamba": {},
    "qwen2_vl_text": {"rope_parameters": None},
    "qwen3_next": {"layer_types": None},
    "vilt": {},
    "xmod": {"default_language": None},
    "falcon_mamba": {},
    "mamba2": {},
    "mra": {},
    "rwkv": {},
    "xlstm": {},
    "yoso": {},
}
# What reads no text, by what it reads; these and `BOTH` are known by their configuration alone.
SENSED = {
    "audio-spectrogram-transformer": "sound",
    "beit": "images",
    "convnext": "images",
    "data2vec-audio": "sound",
    "data2vec-vision": "images",
    "deit": "images",
    "depth_anything": "",  # that it has no base model
    "detr": "images",
    "dinov2": "images",
    "hubert": "sound",
    "mask2former": "images",
    "patchtst": "series of numbers",
    "resnet": "images",
    "sam": "images",
    "segformer": "images",
    "siglip_vision_model": "images",
    "swin": "images",
    "timesformer": "images",
    "trocr": "",
    "unispeech": "sound",
    "videomae": "films",
    "vit": "images",
    "wav2vec2": "sound",
    "wavlm": "sound",
    "whisper": "sound",
    "yolos": "images",
}
BOTH = {"altclip": "images", "clvp": "sound"}
SPARSE = {
    "axk2",
    "deepseek_v32",
    "dots3_note_text",
    "glm5_next_text",
    "glm_moe_dsa",
    "hy_v4",
    "hy_v4_vl",
    "hy_v4_vl_text",
    "minimax_m3_vl",
    "minimax_m3_vl_text",
    "mistral_large4",
    "mistral_large4_text",
}
WINDOWED = {
    "beam",
    "cohere2",
    "deepseek_v4",
    "exaone4",
    "gemma2",
    "gemma3_text",
    "gpt_oss",
    "llama4_text",
    "minimax",
    "ministral",
    "mistral",
    "mixtral",
    "modernbert",
    "phi3",
    "phimoe",
    "recurrent_gemma",
}
SOME_LAYERS = {
    "canine": (0, 4),
    "funnel": (0, 1, 3, 4),
    "granitemoehybrid": (1,),
    "jamba": (1,),
    "lfm2": (1,),
    "lfm3": (2,),
    "minimax": (0, 2),
    "olmo_hybrid": (2,),
    "qwen3_next": (1,),
    "recurrent_gemma": (2,),
}


@pytest.fixture(scope="module")
def treebank(tmp_path_factory):
    """Five sentences, each word a dependent of the one before."""
    rows = []
    for sentence in tiny.SENTENCES:
        for i, word in enumerate(sentence.rstrip(".").split()):
            relation = "dep" if i else "root"
            rows.append(f"{i + 1}\t{word}\t{word}\t{'VERB' if i % 2 else 'NOUN'}\t_\t_\t{i}\t{relation}\t_\t_")
        rows.append("")
    file = tmp_path_factory.mktemp("five") / "five.conllu"
    file.write_text("\n".join(rows) + "\n")
    return file


def sentence_or(work):
    """What `work` gives, or None where it says a sentence. Anything else that it raises fails the test."""
    try:
        return work()
    except UserError as said:
        assert str(said).endswith((".", "”", "!")) and "\n" not in str(said) and len(str(said)) < 700
        return None


# Kinds whose heads' outputs no product of weights and values tells
UNTOLD = {"cpmant", "diffllama", "lilt", "longformer"}


@pytest.mark.parametrize("kind", READ)
def test_a_model_of_any_kind_is_read_right(kind, tmp_path, treebank, monkeypatch):
    monkeypatch.setattr(conditional_logit, "TOLERANCE", 0.01)  # how exact a fit is hangs on no kind, and takes long
    monkeypatch.setattr(conditional_logit, "_LAST_STEPS", 0)
    tiny.make(kind, tmp_path)
    model = open_model(str(tmp_path))
    encoding = model.encode(TEXT)
    assert len(encoding) > 20
    every = list(model.all_heads)
    seen = np.stack([view.weights for view in attentions(model, encoding, every)])
    expected = np.concatenate(by_the_library(tmp_path, encoding.ids))
    assert seen.shape == expected.shape
    assert abs(seen - expected).max() < 1e-5
    if kind in SPARSE:
        assert (seen == 0).sum() > np.triu(np.ones_like(seen), 1).sum(), "the budget is to be smaller than the text"
    assert model.numbers == SOME_LAYERS.get(kind, tuple(range(model.layers)))

    table = scores(model, encoding)
    assert heads_of(table) == every
    assert str(every[0]) in str(draw(attentions(model, encoding, every[:1])).to_dict())
    effect = sentence_or(lambda: ablate(model, TEXT, [every[-1]]))
    assert (effect is None) == (kind in UNTOLD)
    if effect:
        assert heads_of(effect.table)[0] == every[-1]
    found = sentence_or(lambda: profile(model, treebank, tmp_path / "profile"))
    without = WINDOWED | SPARSE - {"glm5_next_text"} | {"canine"}  # the sentences are longer; hashes are no table
    assert (found is None) == (kind in without)
    heads = table if found is None else found.heads
    assert heads_of(heads) == every


@pytest.mark.parametrize("kind", ["deepseek_v32", "minimax_m3_vl_text"])
def test_a_head_is_ablated_with_the_keys_that_the_model_chooses(kind, tmp_path):
    """Against the library's eager attention, with a hook before its output projection."""
    tiny.make(kind, tmp_path)
    model, head = open_model(str(tmp_path)), HeadId(1, 2)
    encoding = model.encode(TEXT)
    vectors, runs = ablating.ablate(model, [encoding], [[head]])
    [run] = runs
    library = AutoModel.from_pretrained(tmp_path, dtype=torch.float32, attn_implementation="eager").eval()
    with torch.inference_mode():
        expected = library(torch.tensor([encoding.ids])).last_hidden_state
        assert abs(vectors - expected).max() < 1e-5

        def silence(module, args):
            heads = args[0].unflatten(-1, (model.heads, -1)).clone()
            heads[:, :, head.head] = 0
            return heads.flatten(2)

        library.layers[head.layer].self_attn.o_proj.register_forward_pre_hook(silence)
        ablated = library(torch.tensor([encoding.ids])).last_hidden_state
    assert abs(run.vectors[0] - ablated).max() < 1e-4 < abs(ablated - expected).max()


@pytest.mark.parametrize("kind", REFUSED)
def test_a_model_that_cannot_be_read_is_refused_by_a_sentence(kind, tmp_path, snapshot):
    tiny.make(kind, tmp_path, **REFUSED[kind])
    with pytest.raises(UserError) as said:
        open_model(str(tmp_path))
    told = re.sub(r"\(.*\)", "(…)", str(said.value))  # what the library says of it may change
    assert "\n" not in told and told.replace(str(tmp_path), "…").replace(tmp_path.name, "…") == snapshot


@pytest.mark.parametrize("kind", SENSED | BOTH)
def test_a_model_of_images_or_sound_says_what_it_reads(kind, tmp_path, refuses):
    CONFIG_MAPPING[kind]().save_pretrained(tmp_path)
    save_file({"weight": torch.zeros(1)}, tmp_path / "model.safetensors")
    tiny.tokenizer().save_pretrained(tmp_path)
    before = time.process_time()
    with refuses(UserError, kind, SENSED.get(kind, ""), BOTH.get(kind, "")) as said:
        open_model(str(tmp_path))
    assert time.process_time() - before < 5 and "\n" not in str(said.value)


def test_a_text_is_no_longer_than_a_model_hands_out_maps_for(tmp_path, refuses):
    """Reformer reads a text in chunks once it is longer than one."""
    config = tiny.make("reformer", tmp_path)
    model = open_model(str(tmp_path))
    assert (
        model.limit == config.lsh_attn_chunk_length == config.local_attn_chunk_length < config.max_position_embeddings
    )
    assert abs(attentions(model, TEXT, [HeadId(0, 0)])[0].weights.sum(-1) - 1).max() < 1e-5
    longer = dataclasses.replace(model, limit=100)
    with refuses(UserError):
        attentions(longer, longer.encode(" ".join(tiny.SENTENCES)), [HeadId(0, 0)])


def test_big_bird_reads_no_text_that_full_attention_would_not(tmp_path):
    config = tiny.make("big_bird", tmp_path, block_size=4, num_random_blocks=2)
    model = open_model(str(tmp_path))
    assert model.limit == 36 < config.max_position_embeddings
    library = AutoModel.from_pretrained(tmp_path, attn_implementation="eager")
    for tokens in (37, 36):  # as a fresh model, which would change over for good at the shorter one
        library(torch.ones(1, tokens, dtype=torch.long))
        assert library.attention_type == ("original_full" if tokens == 36 else "block_sparse")
    tiny.make("big_bird", tmp_path, block_size=4, num_random_blocks=2, attention_type="original_full")
    assert open_model(str(tmp_path)).limit == config.max_position_embeddings


@pytest.mark.parametrize(("n", "padded", "window"), [(11, 12, 4), (5, 8, 8), (20, 20, 6)])
def test_a_band_is_drawn_on_the_diagonal(n, padded, window):
    band = torch.rand(2, 3, padded, window + 1)
    seen = unblocked(band[:, :, :n, None], n, 0, -(window // 2))
    assert seen.shape == (2, 3, n, n)
    for i, j in np.ndindex(n, n):
        key = j - i + window // 2
        expected = band[:, :, i, key] if 0 <= key <= window else torch.zeros(2, 3)
        assert torch.equal(seen[:, :, i, j], expected)


def test_the_sweep_is_wide():
    assert len(READ) + len(REFUSED) >= 60
