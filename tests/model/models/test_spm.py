"""Models whose tokenizer is a SentencePiece model alone: they open, and read what SentencePiece itself reads."""

import io
import unicodedata

import pytest
import torch
from sentencepiece import SentencePieceProcessor, SentencePieceTrainer
from transformers import AutoConfig, AutoModel, T5EncoderModel

from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.models import find, load
from dashboard.models.tokenizer import open_tokenizer

CORPUS = [
    f"{who} {does} {what} {where}{end}"
    for who in ("The heron", "A chef", "My neighbour", "The old waiter", "Nobody", "She", "Hello")
    for does in ("waits for", "praises", "cannot find", "remembers", "is cooking", "doesn't like")
    for what in ("the fish", "a small ramen", "her favourite bread", "three o'clock", "it, or them", "(two) pots")
    for where in ("in Osaka", "at home", "by the river;")
    for end in (".", "!", "?")
]
SPECIAL = ["[CLS]", "[SEP]", "[MASK]"]
BYTES = {"model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity"}
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 128,
}
GROUPED = {"num_key_value_heads": 2, "head_dim": 8}
# kind → the file's name, how the model is trained, settings of the model beside SIZES
KINDS = {
    "t5": (
        "spiece.model",
        {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1},
        {"d_model": 32, "num_layers": 2, "num_heads": 4, "d_ff": 48, "d_kv": 8},
    ),
    "xlm-roberta": ("sentencepiece.bpe.model", {}, {}),
    "llama": ("tokenizer.model", BYTES, GROUPED),
    "mistral": ("tokenizer.model", BYTES | {"remove_extra_whitespaces": False}, GROUPED),
    "gemma": (
        "tokenizer.model",
        BYTES | {"add_dummy_prefix": False, "pad_id": 0, "eos_id": 1, "bos_id": 2, "unk_id": 3},
        GROUPED,
    ),
    "albert": (
        "spiece.model",
        {
            "pad_id": 0,
            "unk_id": 1,
            "bos_id": -1,
            "eos_id": -1,
            "control_symbols": SPECIAL,
            "normalization_rule_name": "nmt_nfkc_cf",
        },
        {"embedding_size": 16},
    ),
    "camembert": ("sentencepiece.bpe.model", {}, {}),
    "deberta-v2": (
        "spm.model",
        {
            "pad_id": 0,
            "bos_id": 1,
            "eos_id": 2,
            "unk_id": 3,
            "pad_piece": "[PAD]",
            "bos_piece": "[CLS]",
            "eos_piece": "[SEP]",
            "unk_piece": "[UNK]",
        },
        {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False},
    ),
    "rembert": (
        "sentencepiece.model",
        {"control_symbols": SPECIAL},
        {"input_embedding_size": 16, "output_embedding_size": 16},
    ),
    "bert-generation": ("spiece.model", {"pad_id": 0, "unk_id": 3}, {}),
}
SENTENCES = ("The heron waits.", "She cannot find her favourite bread, or three pots!", "A chef (at home) is cooking.")


def train(path, **how):
    sink = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=sink,
        hard_vocab_limit=False,
        minloglevel=2,
        vocab_size=450 if how.get("byte_fallback") else 160,
        **how,
    )
    path.write_bytes(sink.getvalue())
    return SentencePieceProcessor(model_file=str(path))


def make(folder, kind, tokenizer_class=None, **how):
    """A small model of that kind with a SentencePiece model of its own beside it, which is returned."""
    file, trained, settings = KINDS[kind]
    config = AutoConfig.for_model(kind, **(SIZES | settings | {"vocab_size": 620}))
    torch.manual_seed(0)
    model = (T5EncoderModel if kind == "t5" else AutoModel.from_config)(config)
    model.save_pretrained(folder)
    if tokenizer_class:
        (folder / "tokenizer_config.json").write_text(f'{{"tokenizer_class": "{tokenizer_class}"}}')
    return train(folder / file, **(trained | how))


def assert_reads(tokenizer, pieces, text, folded=False):
    """The tokens are SentencePiece's own, and each stands for characters of the text that spell it."""
    read = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    found = tokenizer.convert_ids_to_tokens(read["input_ids"])
    wanted = pieces.encode(text.lower() if folded else text)
    assert [t for t in found if t] == [
        tokenizer.unk_token if pieces.is_unknown(id) else pieces.id_to_piece(id) for id in wanted
    ]
    covered = set()
    for token, (begin, end) in zip(found, read["offset_mapping"], strict=True):
        covered.update(range(begin, end))
        spelled, written = token.replace("▁", ""), text[begin:end].strip()
        if spelled and token != tokenizer.unk_token and not token.startswith("<0x"):
            written = unicodedata.normalize("NFKC", written)
            assert (written.lower() if folded else written) == (spelled.lower() if folded else spelled)
    assert all(k in covered or text[k].isspace() for k in range(len(text)))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_opens_and_reads_what_sentencepiece_reads(tmp_path, kind):
    pieces = make(tmp_path, kind)
    model = open_model(str(tmp_path))
    assert (model.layers, model.heads) == (2, 4)
    for text in SENTENCES:
        assert_reads(model.loaded.tokenizer, pieces, text, folded=kind == "albert")
    encoding = model.encode(SENTENCES[0])
    assert [word.form for word in encoding.words] == ["The", "heron", "waits", "."]
    assert not encoding.lost_words


@pytest.mark.parametrize("how", [{}, {"byte_fallback": False}, {"normalization_rule_name": "nmt_nfkc"}])
@pytest.mark.parametrize("tokenizer_class", ["LlamaTokenizer", "LlamaTokenizerFast", None])
def test_a_llama_loses_no_letter(tmp_path, tokenizer_class, how):
    """Its vocabulary may lack letters and bytes, and may be normalised: what it does not know is unknown, not gone."""
    pieces = make(tmp_path, "llama", tokenizer_class, **how)
    tokenizer = open_tokenizer(tmp_path, "x", [])
    for text in (*SENTENCES, "Zero 0 & Quick ☃!"):
        assert_reads(tokenizer, pieces, text)


def test_a_llama_with_a_unigram_model(tmp_path):
    pieces = make(tmp_path, "llama", "LlamaTokenizer", model_type="unigram", byte_fallback=False)
    for text in SENTENCES:
        assert_reads(open_tokenizer(tmp_path, "x", []), pieces, text)


def test_a_tokenizer_that_was_slow_says_so(tmp_path, snapshot):
    make(tmp_path, "bert-generation")
    notes = []
    open_tokenizer(tmp_path, "x", notes)
    assert len(notes) == 1 and "BertGenerationTokenizer" in notes[0] and notes == snapshot


@pytest.mark.parametrize("content", [b"", b"\x00" * 50, b"not a model", None])
def test_a_damaged_sentencepiece_model(tmp_path, content):
    make(tmp_path, "llama")
    file = tmp_path / "tokenizer.model"
    file.write_bytes(file.read_bytes()[:700] if content is None else content)
    with pytest.raises(UserError, match=f"tokenizer of “.*{tmp_path.name}”"):  # why is the library's own word
        load(find(str(tmp_path)))


def test_one_whose_ids_are_in_another_order_is_refused(tmp_path, refuses):
    """XGLM keeps its own order, and transformers makes a tokenizer without any word of such a file."""
    AutoConfig.for_model("xglm").save_pretrained(tmp_path)
    train(tmp_path / "sentencepiece.bpe.model")
    with refuses(UserError, "sentencepiece.bpe.model"):
        open_tokenizer(tmp_path, "x", [])


def test_the_encoder_of_t5_is_opened_alone(tmp_path):
    make(tmp_path, "t5")
    model = open_model(str(tmp_path))
    assert type(model.loaded.model) is T5EncoderModel and not model.causal
    assert "encoder of an encoder–decoder" in model.note
    wanted = T5EncoderModel.from_pretrained(tmp_path).state_dict()
    assert all(torch.equal(weight.cpu(), wanted[name]) for name, weight in model.loaded.model.state_dict().items())
