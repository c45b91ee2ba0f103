"""Any text through both models' tokenizers."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from dashboard.errors import UserError
from dashboard.text import encode
from dashboard.text.graphemes import clusters
from dashboard.text.special import special_ids
from dashboard.text.words import without_surrogates
from tests.helpers.clock import cpu_seconds

SENTENCE = "The chef who trained in Osaka says ramen is her favourite food."
HARD = [
    "🍜" * 20,
    "<script>alert(1)</script>",
    "مرحبا بالعالم",
    "\u200b\u200d",
    "\u0301\u0302",
    "a\x00b",
    "\ud83c",
    "  x  ",
    "[CLS] [SEP] <|im_start|>",
    "我喜欢拉面。",
    "ÅA\u030a ﬁ ﷺ İ",
    "👩\u200d🍳 🏳\ufe0f\u200d🌈",
    "\ufffe\uffff",
    "x\r\n\ty",
]
PARTS = [
    "cannot",
    "gonna",
    "don't",
    ' "no."',
    "(yes!)",
    "),",
    "?!",
    "[MASK]",
    "[UNK]",
    "[SEP]",
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "👩\u200d👩\u200d👧",
    "🇩🇪",
    "❤\ufe0f",
    "🦤",
    "白鹭",
    "e\u0301",
    " ",
    "  ",
    "\n",
    "\u00a0",
    "\u200b",
    "1 000",
    "2019",
    "\u0e01\u0e33",
    "क्षि",
    "\r\n",
    "U.S.",
    "http://a.b/(c)",
    ":-)",
    "\x00",
    "a",
    "|",
]
ANY_TEXT = st.one_of(
    st.text(max_size=120),
    st.text(alphabet="aé🍜 \n我\u0301\u200d\x00's.", max_size=60),
    st.lists(st.sampled_from(PARTS), max_size=25).map("".join),
)


@pytest.fixture(scope="module")
def tokenizers(minilm, smollm2):
    return {"minilm": (minilm.loaded.tokenizer, False), "smollm2": (smollm2.loaded.tokenizer, True)}


@pytest.fixture(scope="module")
def plain(minilm, smollm2):
    """The same tokenizers loaded anew, used as the library means them to be."""
    return {m.name: AutoTokenizer.from_pretrained(m.source.folder) for m in (minilm, smollm2)}


def test_the_first_sentence_by_minilm(tokenizers):
    encoding = encode(SENTENCE, tokenizers["minilm"][0], limit=512, causal=False)
    assert encoding.labels == (
        "[CLS]",
        "the",
        "chef",
        "who",
        "trained",
        "in",
        "osaka",
        "says",
        "ram",
        "…en",
        "is",
        "her",
        "favourite",
        "food",
        ".",
        "[SEP]",
    )
    assert encoding.added is None
    axis = encoding.axis("words")
    assert axis.labels == ("[CLS]", *SENTENCE[:-1].split(), ".", "[SEP]")
    assert axis.members[8] == (8, 9)


def test_the_first_sentence_by_smollm2(tokenizers):
    encoding = encode(SENTENCE, tokenizers["smollm2"][0], limit=None, causal=True)
    assert encoding.added == encoding.pieces[0] == "<|im_start|>" and encoding.special[0]
    assert encoding.labels[1:8] == ("The", "·chef", "·who", "·trained", "·in", "·Os", "aka")
    assert encoding.axis("words").labels == ("<|im_start|>", *SENTENCE[:-1].split(), ".")
    without = encode(SENTENCE, tokenizers["smollm2"][0], limit=None, causal=True, bos=False)
    assert without.ids == encoding.ids[1:] and without.added is None


def check(text, tokenizer, causal, limit=None):
    """Encodes a text and asserts what must hold for any; None where there is nothing to read in it."""
    try:
        encoding = encode(text, tokenizer, limit=limit, causal=causal)
    except UserError:
        return None
    n = len(encoding)
    assert n == len(encoding.pieces) == len(encoding.labels) == len(encoding.spans) == len(encoding.special)
    assert limit is None or n <= limit
    assert all(0 <= start <= end <= len(text) for start, end in encoding.spans)
    starts = [start for start, _ in encoding.spans]
    assert starts == sorted(starts)
    assert all(encoding.labels)
    for unit in ("tokens", "words"):
        axis = encoding.axis(unit)
        assert sorted(i for place in axis.members for i in place) == list(range(n))
        firsts = [place[0] for place in axis.members]
        assert firsts == sorted(firsts)
        assert len(axis.labels) == len(axis.special) == len(axis.spans) == len(axis.members)
        assert all(axis.labels)
    words = [word for word in encoding.word_of if word is not None]
    assert words == sorted(words)
    placed = [span for span, special in zip(axis.spans, axis.special, strict=True) if not special]
    assert placed == [(word.start, word.end) for word in encoding.words]
    assert all(word.end <= encoding.seen for word in encoding.words)
    check_no_word_vanishes(encoding, axis)
    return encoding


def check_no_word_vanishes(encoding, axis):
    """The axis, in order, with what the text has between, is the text; every sign is in one place or reported."""
    text = without_surrogates(encoding.text)
    spans = [span for span in axis.spans if span is not None]
    rebuilt, reached = "", 0
    for start, end in spans:
        if text[start:end].isspace():  # tokens of one blank's bytes each have all of it
            start, end = max(start, reached), max(end, reached)
        assert start >= reached, "two places share characters"
        rebuilt, reached = rebuilt + text[reached:start] + text[start:end], end
    assert rebuilt + text[reached:] == text
    lost = [(encoding.split[i].start, encoding.split[i].end) for i in encoding.lost]
    held = sorted([*spans, *lost])
    seen = text[: encoding.seen]
    outside, reached = "", 0
    for start, end in held:
        outside, reached = outside + seen[reached:start], max(reached, end)
    assert not (outside + seen[reached:]).strip(), "a sign stands in no place and is not reported"
    if not encoding.left_out:
        inside = {k for start, end in clusters(text) for k in range(start + 1, end)}
        assert not inside & {edge for word in encoding.split for edge in (word.start, word.end)}


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
@pytest.mark.parametrize("text", HARD)
def test_hard_texts(tokenizers, name, text):
    check(text, *tokenizers[name])
    check(text * 50, *tokenizers[name], limit=20)


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_any_text(tokenizers, name):
    @given(ANY_TEXT, st.one_of(st.none(), st.integers(0, 12)))
    @settings(max_examples=400)
    def holds(text, limit):
        check(text, *tokenizers[name], limit=limit)

    holds()


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_it_is_what_the_library_gives(tokenizers, plain, name):
    tokenizer, causal = tokenizers[name]

    @given(ANY_TEXT)
    @settings(max_examples=200)
    def holds(text):
        encoding = check(text, tokenizer, causal)
        if encoding is None:
            return
        given = plain[name](encoding.text, return_offsets_mapping=True, return_special_tokens_mask=True)
        added = int(encoding.added is not None)
        assert list(encoding.ids[added:]) == given["input_ids"]
        ids = special_ids(tokenizer) - {tokenizer.unk_token_id}
        for k, mark in enumerate(given["special_tokens_mask"]):
            assert encoding.special[added + k] == (bool(mark) or given["input_ids"][k] in ids) or (
                given["input_ids"][k] == tokenizer.unk_token_id
            )
        spans = zip(encoding.spans[added:], given["offset_mapping"], given["special_tokens_mask"], strict=True)
        for (start, end), (first, last), mark in spans:
            theirs = encoding.text[first:last]
            assert mark or encoding.text[start:end] == (theirs.strip() or theirs)
        assert list(encoding.pieces) == plain[name].convert_ids_to_tokens(encoding.ids)

    holds()


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_a_cut_text_begins_like_the_whole(tokenizers, name):
    tokenizer, causal = tokenizers[name]
    text = "A chef 🍜 says: ramen isn't soup. " * 30
    whole = encode(text, tokenizer, limit=None, causal=causal)
    closing = 0 if causal else 1
    for limit in range(4, 60):
        cut = encode(text, tokenizer, limit=limit, causal=causal)
        assert len(cut) == limit and cut.left_out == len(whole) - limit
        assert cut.ids[: limit - closing] == whole.ids[: limit - closing]
        assert cut.labels[: limit - closing] == whole.labels[: limit - closing]
        assert closing == 0 or cut.pieces[-1] == "[SEP]"
        assert cut.words[:-1] == whole.words[: len(cut.words) - 1]


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
@pytest.mark.parametrize("unit", ["ramen is good. ", "🍜", "我", "(", "a", "<script>", "\u202eא", "\x00b"])
def test_a_hundred_thousand_characters_do_not_take_long(tokenizers, name, unit):
    text = (unit * 100_000)[:100_000]
    check("warm", *tokenizers[name])
    tokenizer, causal = tokenizers[name]
    assert cpu_seconds(lambda: encode(text, tokenizer, limit=512, causal=causal), times=1) < 3  # measured: 0.05 to 0.4
    assert check(text, *tokenizers[name], limit=512) is not None


def test_threads_do_not_disturb_each_other(tokenizers):
    texts = [f"{i} chefs isn't {i + 1} cooks 🍜. " * 40 for i in range(12)]
    for tokenizer, causal in tokenizers.values():
        alone = [encode(text, tokenizer, limit=100 + i, causal=causal) for i, text in enumerate(texts)]
        together = {}

        def work(i, tokenizer=tokenizer, causal=causal, together=together):
            together[i] = encode(texts[i], tokenizer, limit=100 + i, causal=causal)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(len(texts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [together[i] for i in range(len(texts))] == alone
