"""Scripts without spaces are divided by ICU's dictionaries; everything else is as it was."""

import hashlib
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dashboard.text import dictionaries
from dashboard.text.graphemes import clusters
from dashboard.text.words import split_words, without_surrogates

# Divided by hand, a bar between words.
BY_HAND = {
    "Thai": ["แมว|กิน|ปลา", "ภาษา|ไทย|เป็น|ภาษา|ที่|มี|ระดับ|เสียง|ของ|คำ", "น้ำ|แข็ง| |ขอบคุณ|ครับ"],
    "Lao": ["ຂ້ອຍ|ຮັກ|ເຈົ້າ", "ເດັກນ້ອຍ|ຮຽນ|ຢູ່|ໂຮງຮຽນ", "ພາສາ|ລາວ|ເປັນ|ພາສາ|ທາງການ"],
    "Khmer": ["ក្មេងស្រី|អាន|សៀវភៅ|។", "គាត់|ទៅ|ផ្សារ", "ខ្ញុំ|ស្រលាញ់|កម្ពុជា"],
    "Burmese": ["ကလေး|များ|ကျောင်း|သွား|ကြ|သည်|။", "ကျွန်တော်|ခေါက်ဆွဲ|စား|ချင်|တယ်", "နေ|ကောင်း|လား"],
    "Chinese": ["今天|天气|很好|，|我们|去|公园|散步|吧|。", "北京|大学生|喝|咖啡", "我|喜欢|在|下雨天|吃|拉面"],
    "Japanese": [
        "私|は|雨|の|日|に|ラーメン|を|食べる|の|が|好き|です|。",
        "彼女|は|図書館|で|本|を|読み|ます",
        "ﾗｰﾒﾝ|が|好き",
        "ラーメン|・|ライス",
    ],
    "mixed": [
        "GPT-4|模型|很好",
        "iPhone|ของ|ฉัน|!",
        "2026|年|11|月|28|日",
        "แมว|กิน|ปลา|我|爱|吃| |ok",
        "👩‍👩‍👧|🍜|แมว|กิน|𝒳|ปลา",
        "𠮷|野家|で|𩸽|を|食|べた",
        "x|𠀀|喜欢|🇩🇪",
        "the| |拉面|'s| |soup|.",
    ],
}
SENTENCES = [sentence for own in BY_HAND.values() for sentence in own]
ENGLISH = Path(dictionaries.__file__).parents[1] / "corpus" / "english" / "builtin.txt"


def forms(text):
    return [word.form for word in split_words(text)]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_words_by_hand(sentence):
    assert forms(sentence.replace("|", "")) == [word for word in sentence.split("|") if word.strip()]


def test_a_paragraph_without_spaces_is_no_single_word():
    for name, own in BY_HAND.items():
        assert max(map(len, forms("".join(own * 20).replace("|", "").replace(" ", "")))) < 20, name


PARTS = st.sampled_from(
    [*(sentence.replace("|", "") for sentence in SENTENCES), "chef ", "\u0301", "\u200d", "\u200b", "🍜", "𝒳", ""]
)
SIGNS = "กำิ้ຂ້ໃខ្ញុំကျွန်我𠮷がｱﾞーア々𝒳🇩🇪👩\u200d👧\u0301\ufe00 a.,'"


@settings(max_examples=300)
@given(st.one_of(st.lists(PARTS, max_size=8).map("".join), st.text(SIGNS, max_size=60), st.text(max_size=60)))
@example("ก" * 700 + "ๆ" * 700)
def test_mixed_scripts_lose_nothing_and_cut_no_cluster(text):
    words, clean = split_words(text), without_surrogates(text)
    assert all(clean[w.start : w.end] == w.form and w.form.strip() for w in words)
    assert all(a.end <= b.start for a, b in pairwise(words))
    covered = {i for w in words for i in range(w.start, w.end)}
    assert all(i in covered for i, character in enumerate(clean) if not character.isspace())
    edges = {edge for w in words for edge in (w.start, w.end)}
    assert not [edge for start, end in clusters(clean) for edge in range(start + 1, end) if edge in edges]


@pytest.mark.parametrize("unit", ["ก", "ၵႂၢမ်း", "ア", "𠮷", "ๆ", "我a", "ก ", "ราเมน我,"])
def test_a_hundred_thousand_characters_are_divided_in_seconds(unit):
    text = (unit * 100_000)[:100_000]
    split_words("แมว warm")
    begun = time.process_time()
    words = split_words(text)
    assert time.process_time() - begun < 15
    assert max(len(w.form) for w in words) <= 500


def test_other_scripts_have_no_run_and_english_is_as_it_was():
    for text in ("यह हिंदी है", "مرحبا بالعالم", "나는 라면을", "ᦺᦑ བོད་སྐད", "naïve 👩‍👩‍👧 𝒳 ２０２６ e\u0301"):
        assert not list(dictionaries.runs(text)), text
    english = ENGLISH.read_text(encoding="utf-8")
    spans = [(word.start, word.end) for word in split_words(english)]
    # As spaCy alone divided it, before any dictionary was asked.
    assert len(spans) == 5859 and hashlib.sha256(repr(spans).encode()).hexdigest()[:16] == "c7adf7be52d4c71d"
