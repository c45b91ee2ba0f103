"""Loading: the right weights, nothing run that should not be, and a sentence for each thing that is wrong."""

import json
import shutil
import sys
import threading
import traceback

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, BertConfig, BertModel, ByT5Tokenizer, T5Config
from transformers.utils import logging

from dashboard.analyses.explore.api import attention
from dashboard.capture import open_model
from dashboard.models import find, load, memory
from dashboard.models.checkpoint_folder import _sha256
from dashboard.models.waiting import while_waiting
from tests.helpers import tiny

module = sys.modules["dashboard.models.load"]  # the name in the package is the function
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")
SMALL = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=16, vocab_size=30522)


def assert_same_weights(model, folder):
    """Every weight of the model is the file's, read by another library; the file may have a prefix and a head."""
    stored = load_file(folder / "model.safetensors")
    for name, weight in model.state_dict().items():
        if "position_ids" not in name:
            original = stored[name] if name in stored else stored[f"model.{name}"]
            assert torch.equal(weight, original.float()), name


@pytest.fixture(scope="module")
def embedded():
    return load(find("minilm"))


def test_minilm_has_the_published_weights_and_is_ready_to_run(embedded):
    assert_same_weights(embedded.model.cpu(), embedded.source.folder)
    assert type(embedded.model) is BertModel and not embedded.model.training
    assert all(p.dtype == torch.float32 and not p.requires_grad for p in embedded.model.parameters())
    assert embedded.model.config._attn_implementation == "sdpa"
    assert embedded.tokenizer.is_fast
    assert embedded.tokenizer.backend_tokenizer.truncation is None
    assert embedded.tokenizer.backend_tokenizer.padding is None
    assert embedded.device == ("cuda" if torch.cuda.is_available() else "cpu")


def test_smollm2_has_the_weights_that_were_made(smollm2):
    loaded = smollm2.loaded
    assert_same_weights(loaded.model, loaded.source.folder)
    assert all(p.dtype == torch.float32 for p in loaded.model.parameters())
    assert loaded.model.config.num_hidden_layers == 30
    assert loaded.model.config.num_key_value_heads == 3


def test_smollm2_was_converted_rightly(smollm2):
    """A language model whose query or key rows were permuted wrongly knows no capital."""
    tokenizer, model = smollm2.loaded.tokenizer, smollm2.loaded.model
    for prompt, expected in [("The capital of France is", " Paris"), ("One, two, three, four,", " five")]:
        ids = torch.tensor([tokenizer(prompt)["input_ids"]], device=smollm2.loaded.device)
        with torch.no_grad():
            state = model(ids).last_hidden_state[0, -1]
        following = (model.get_input_embeddings().weight @ state).argmax()
        assert tokenizer.decode(following) == expected


def test_another_attention_is_passed_on():
    assert load(find("minilm"), attn_implementation="eager").model.config._attn_implementation == "eager"


@pytest.fixture
def small(tmp_path, embedded):
    """A folder with a small BERT of random weights and MiniLM's tokenizer."""

    def make(config=None, **save):
        folder = tmp_path / "small"
        BertModel(config or BertConfig(**SMALL)).save_pretrained(folder, **save)
        for name in TOKENIZER_FILES:
            shutil.copy(embedded.source.folder / name, folder)
        return folder

    return make


def edit(folder, file="config.json", **changes):
    config = json.loads((folder / file).read_text()) | changes
    (folder / file).write_text(json.dumps(config))


def test_a_folder(small):
    folder = small()
    assert_same_weights(load(find(str(folder))).model.cpu(), folder)


def test_a_folder_in_shards(small):
    folder = small(max_shard_size="1MB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    model = load(find(str(folder))).model
    stored = {}
    for file in folder.glob("*.safetensors"):
        stored |= load_file(file)
    assert all(torch.equal(w.cpu(), stored[n]) for n, w in model.state_dict().items() if n in stored)
    assert len(stored) == sum(1 for _ in model.parameters())


def test_half_precision_is_loaded_as_float32(small):
    folder = small()
    file = folder / "model.safetensors"
    save_file({n: w.half() for n, w in load_file(file).items()}, file, metadata={"format": "pt"})
    edit(folder, dtype="float16")
    loaded = load(find(str(folder)))
    assert all(p.dtype == torch.float32 for p in loaded.model.parameters())
    assert_same_weights(loaded.model.cpu(), folder)


def test_a_missing_pooler_does_not_matter(small):
    folder = small()
    file = folder / "model.safetensors"
    weights = {n: w for n, w in load_file(file).items() if not n.startswith("pooler")}
    save_file(weights, file, metadata={"format": "pt"})
    assert load(find(str(folder))).model.config.num_hidden_layers == 2


def test_missing_weights_are_not_made_up(small, not_opened):
    folder = small()
    edit(folder, num_hidden_layers=3)
    not_opened(folder, "config.json", "16 are missing", "encoder.layer.2")


def test_weights_of_another_size(small, not_opened):
    folder = small()
    edit(folder, hidden_size=30)
    not_opened(folder)


def test_weights_of_another_model(small, not_opened):
    folder = small()
    save_file({"w": torch.zeros(3)}, folder / "model.safetensors", metadata={"format": "pt"})
    not_opened(folder, "config.json")


def test_an_unknown_architecture(small, not_opened):
    folder = small()
    edit(folder, model_type="tomorrow")
    not_opened(folder, "“tomorrow”")


def test_code_that_a_model_brings_is_not_run(small, tmp_path, not_opened):
    folder, mark = small(), tmp_path / "was run"
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass C: pass\n")
    own = {"AutoConfig": "evil.C", "AutoModel": "evil.C", "AutoTokenizer": ["evil.C", "evil.C"]}
    edit(folder, auto_map=own)
    edit(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.C", "evil.C"]})
    assert type(load(find(str(folder))).model) is BertModel  # a known architecture: the library's own class
    edit(folder, model_type="tomorrow")
    not_opened(folder)
    assert not mark.exists()


def test_the_configuration_of_an_encoder_decoder_over_other_weights(small, not_opened):
    folder = small()
    T5Config(d_model=24, num_layers=1, num_heads=3, d_ff=8, d_kv=8).save_pretrained(folder)
    assert AutoConfig.from_pretrained(folder).is_encoder_decoder
    not_opened(folder)


def test_a_configuration_that_makes_no_sense(small, not_opened):
    folder = small()
    edit(folder, num_attention_heads=5)
    not_opened(folder)
    edit(folder, num_attention_heads="three")
    not_opened(folder)


def test_a_damaged_tokenizer(small, not_opened):
    folder = small()
    (folder / "vocab.txt").unlink()
    (folder / "tokenizer.json").write_text("{")
    not_opened(folder)


def test_a_tokenizer_of_another_model(small, not_opened):
    folder = small(BertConfig(**SMALL | {"vocab_size": 100}))
    not_opened(folder, "30,521", "100", "resize_token_embeddings(30522)")


def test_loading_says_nothing_and_changes_nothing(small, capfd, not_opened):
    folder = small()
    logging.set_verbosity_info()
    logging.enable_progress_bar()
    before = torch.nn.init.normal_, torch.get_default_dtype(), logging.get_verbosity()
    capfd.readouterr()
    try:
        load(find(str(folder)))
        edit(folder, num_hidden_layers=3)
        not_opened(folder)
        said = capfd.readouterr()
        assert said.out + said.err == ""
        assert (torch.nn.init.normal_, torch.get_default_dtype(), logging.get_verbosity()) == before
        assert logging.is_progress_bar_enabled()
    finally:
        logging.set_verbosity_warning()


def test_several_at_once(small):
    folder = small()
    made, before = [], torch.nn.init.normal_
    threads = [threading.Thread(target=lambda: made.append(load(find(str(folder))))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    for loaded in made:
        assert_same_weights(loaded.model.cpu(), folder)
    assert torch.nn.init.normal_ is before and torch.get_default_dtype() == torch.float32


def test_a_load_that_waits_can_be_left(small):
    """Another load may take long: who waits for it and goes away is let go, and holds nothing."""

    class Left(BaseException):
        pass

    def leave():
        raise Left

    source, held, done = find(str(small())), threading.Event(), threading.Event()

    def hold():
        with module.alone_and_quiet():
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    with pytest.raises(Left), while_waiting(leave):
        load(source)
    done.set()
    holder.join()
    assert load(source).model


def test_a_step_that_takes_long_can_be_given_up_anywhere(small):
    """While the weights are looked at, while they are loaded, while the model is tried: nobody waits for the rest."""

    class Left(BaseException):
        pass

    folder, moments = str(small()), []
    leave_at = 0

    def moment():
        moments.append({frame.name for frame in traceback.extract_stack()})
        if len(moments) == leave_at:
            raise Left

    def whole():
        moments.clear()
        _sha256.cache_clear()
        with while_waiting(moment):
            return open_model(folder)

    whole()
    steps = [next(step for step in ("_sha256", "_model", "probe_tap") if step in moment) for moment in moments]
    assert list(dict.fromkeys(steps)) == ["_sha256", "_model", "probe_tap"]
    assert steps.count("_model") == 39, "one for each tensor"
    for leave_at in (1, 2, 20, 40, 41, len(steps)):
        with pytest.raises(Left):
            whole()
        assert len(moments) == leave_at, "nothing goes on"
        assert not module._lock.locked()
    leave_at = 0
    assert whole().layers and torch.get_default_dtype() == torch.float32


def test_a_million_layers_do_not_hold_the_lock(small, not_opened, monkeypatch):
    folder = small()
    edit(folder, num_hidden_layers=10**6)
    monkeypatch.setattr(module, "_model", lambda *_: pytest.fail("none is built"))
    not_opened(folder, "num_hidden_layers", "1,000,000", "39 tensors")
    assert not module._lock.locked()


def test_a_model_larger_than_the_memory_is_not_read(small, monkeypatch, not_opened):
    folder = small()
    monkeypatch.setattr(memory, "free_bytes", lambda: 310_000_000)
    assert load(find(str(folder))).model
    monkeypatch.setattr(memory, "free_bytes", lambda: 302_000_000)
    not_opened(folder, "0.3 GB", "32")


@pytest.mark.parametrize(
    ("kind", "reads"),
    [
        ("vit", "images"),
        ("wav2vec2", "sound"),
        ("altclip", "images"),
        ("videomae", "films"),
        ("cvt", "images"),  # the library says no more of it than what its input is named
        ("sam", "images"),
        ("clvp", "sound"),
        ("perceiver", "bytes"),
    ],
)
def test_models_that_do_not_read_text(small, kind, reads, not_opened):
    folder = small()
    AutoConfig.for_model(kind).save_pretrained(folder)
    not_opened(folder, reads)


@pytest.mark.parametrize("with_file", [False, True])
def test_what_reads_bytes_of_anything(small, with_file, not_opened):
    folder = small()
    for name in TOKENIZER_FILES:
        (folder / name).unlink()
    if with_file:
        (folder / "vocab.txt").write_text("")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PerceiverTokenizer"}')
    not_opened(folder, "bytes")


def test_bytes_are_tokens_where_they_are_the_vocabulary(tmp_path):
    """ByT5: the ids are the library's own, and each byte stands for its character."""
    folder = tmp_path / "byt5"
    folder.mkdir()
    tiny.make("t5", folder, vocab_size=384)
    for name in TOKENIZER_FILES:
        (folder / name).unlink(missing_ok=True)
    own = ByT5Tokenizer()
    own.save_pretrained(folder)
    model = open_model(str(folder))
    assert "It reads bytes" in (model.note or "")
    for text in ("The chef says ramen.", " Größe\n\t🍜 日本語", "e\u0301 👩\u200d🍳", "<pad> </s> <extra_id_0>\x00 x"):
        encoding = model.encode(text)
        assert list(encoding.ids) == own(text).input_ids
        for (begin, end), number in zip(encoding.spans[:-1], encoding.ids, strict=False):
            assert number >= 259 or number < 3 or number - own.offset in text[begin:end].encode()
    assert model.encode("é!").labels == ("é 1/2", "é 2/2", "!", "</s>")
    weights = attention(model, "Größe 🍜", "L0H0", unit="words").weights
    assert abs(weights.sum(1) - 1).max() < 1e-5


def test_a_slow_tokenizer_that_cannot_be_converted(small, not_opened):
    folder = small()
    for name in TOKENIZER_FILES:
        (folder / name).unlink()
    (folder / "vocab.txt").write_text("<cls>\n<pad>\n<eos>\n<unk>\nL\nA\n<mask>\n")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "EsmTokenizer"}')
    not_opened(folder, "EsmTokenizer")
