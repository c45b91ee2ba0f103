"""Texts in scripts without spaces on both models: the axis, joined in order, is the text."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.analyses.explore import api

# What MiniLM's axis shows; a bar between words. Its vocabulary has none of some words, and says so (see `unknown`).
TEXTS = {
    "แมวกินปลา": "แมว|กิน|ปลา",
    "👩‍👩‍👧 แมวกินปลา": "👩‍👩‍👧|แมว|กิน|ปลา",
    "ຂ້ອຍຮັກເຈົ້າ": "ຂ້ອຍ|ຮັກ|ເຈົ້າ",
    "គាត់ទៅផ្សារ។": "គាត់|ទៅ|ផ្សារ|។",
    "ကလေးများကျောင်းသွားကြသည်။": "ကလေး|များ|ကျောင်း|သွား|ကြ|သည်|။",
    "我们去公园散步吧。": "我们|去|公园|散步|吧|。",
    "彼女は図書館で本を読みます。": "彼女|は|図書館|で|本|を|読み|ます|。",
}


@pytest.fixture(params=["minilm", "smollm2"])
def model(request):
    return request.getfixturevalue(request.param)


def joined(encoding) -> str:
    """The axis in order with what the text has between its words; each character in one place."""
    axis, out, reached = encoding.axis("words"), "", 0
    for span in axis.spans:
        if span:
            assert span[0] >= reached
            out += encoding.text[reached : span[0]] + encoding.text[slice(*span)]
            reached = span[1]
    return out + encoding.text[reached:]


@pytest.mark.parametrize("text", TEXTS)
def test_words_of_the_text_are_words_of_the_axis(model, text):
    encoding = model.encode(text)
    assert [word.form for word in encoding.split] == TEXTS[text].split("|")
    assert joined(encoding) == text and not encoding.lost
    # Words are joined only where they share a token.
    for part in encoding.parts:
        for word in part[1:]:
            spans = [span for span in encoding.spans if span[0] < encoding.split[word].start < span[1]]
            assert spans, encoding.split[word]
    for unit in ("words", "tokens"):
        [view] = api.attentions(model, encoding, ["L1H3"], unit=unit)
        assert abs(view.weights.sum(1) - 1).max() < 1e-4


PARTS = st.sampled_from(
    [*TEXTS, "chef ", "don't ", "🍜", "𝒳", "𠮷野家", "\u200b", "e\u0301", "[MASK]", "<|im_end|>", ", "]
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=6).map("".join))
def test_mixed_texts(model, text):
    encoding = model.encode(text)
    assert joined(encoding) == text
    lost = {k for word in encoding.lost for k in range(encoding.split[word].start, encoding.split[word].end)}
    held = [k for span in encoding.axis("words").spans if span for k in range(*span)]
    assert len(held) == len(set(held))
    assert {k for k, character in enumerate(text) if not character.isspace()} <= {*held, *lost}


@pytest.mark.parametrize("sentence", ["我们去公园散步吧", "แมวกินปลา "])
def test_a_text_that_is_cut_has_the_words_of_the_whole(model, sentence):
    text = sentence * 60
    whole = [(word.start, word.end) for word in model.encode(text, limit=None).split]
    cut = model.encode(text, limit=37)
    found = [(word.start, word.end) for word in cut.split]
    assert cut.left_out and found[:-1] == whole[: len(found) - 1]
    assert found[-1][0] == whole[len(found) - 1][0] and found[-1][1] == len(text[: cut.seen].rstrip())
