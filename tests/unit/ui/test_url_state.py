"""A choice survives the address; a wrong address falls back with a sentence."""

import random
import string
import time
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import continued
from dashboard.heads.head_id import HeadId
from dashboard.ui.frame.existing_heads import within
from dashboard.ui.pins import Pin
from dashboard.ui.url_fields import chosen_text, digest, zipped
from dashboard.ui.url_state import DEFAULTS, KINDS, Choices, from_address, to_address
from tests.helpers.addresses import any_address

SCORES = ("self", "previous", "entropy")

texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=200)
heads = st.builds(HeadId, st.integers(0, 999), st.integers(0, 999))
some_choices = st.builds(
    Choices,
    model=st.sampled_from(["minilm", "smollm2", "some-one/a-model@main", "/home/me/model"]),
    text=texts,
    unit=st.sampled_from(KINDS["unit"].allowed),
    special=st.sampled_from(KINDS["special"].allowed),
    bos=st.sampled_from(KINDS["bos"].allowed),
    layer=st.integers(0, 99),
    head=st.integers(0, 99),
    view=st.sampled_from(KINDS["view"].allowed),
    atlas=st.sampled_from(KINDS["atlas"].allowed),
    score=st.sampled_from(SCORES),
    out=st.sampled_from(KINDS["out"].allowed),
    pins=st.lists(st.builds(Pin, heads, st.text(max_size=8)), max_size=4, unique=True).map(tuple),
    show=st.sampled_from(KINDS["show"].allowed),
    start=st.integers(0, 99_999),
)


@given(some_choices)
def test_a_link_reopens_the_same_choices(choices):
    travelled = dict(parse_qsl(urlencode(to_address(choices)), keep_blank_values=True))
    assert from_address(travelled, SCORES) == (choices, [])


def test_a_link_says_where_a_model_began_to_write():
    text = continued("The keys", " to the cabinet")
    chosen = DEFAULTS.but(**chosen_text(text))
    again, notices = from_address(to_address(chosen), SCORES)
    assert (again, notices) == (chosen, []) and again.read.prompt == "The keys" and type(again.text) is str
    assert DEFAULTS.but(**chosen_text("The keys")).border == "" and not hasattr(DEFAULTS.read, "prompt")


@pytest.mark.parametrize("edited", ["The key to the cabinet", "The keys to the cabinets", "The keys"])
def test_a_text_that_was_edited_is_no_longer_a_models(edited):
    chosen = DEFAULTS.but(**chosen_text(continued("The keys", " to the cabinet")))
    assert chosen.but(text=edited).border == "" and chosen.but(layer=3).border
    found, [notice] = from_address(to_address(chosen) | {"text": edited}, SCORES)
    assert found.border == "" and found.text == edited and "was changed" in notice
    found, [notice] = from_address({"text": edited, "border": "7"}, SCORES)
    assert found.border == "" and "“7”" in notice


def test_a_fresh_visit_has_a_clean_address():
    assert to_address(DEFAULTS) == {}
    assert from_address({}, SCORES) == (DEFAULTS, [])


def test_a_long_text_stays_out_of_the_link_and_is_found_again_in_its_own_session():
    text = "話" * 1000  # 9,000 bytes once encoded
    address = to_address(DEFAULTS.but(text=text))
    assert address == {"text_id": digest(text)}
    assert from_address(address, SCORES, held_texts={digest(text): text}) == (DEFAULTS.but(text=text), [])
    elsewhere, notices = from_address(address, SCORES)
    assert elsewhere == DEFAULTS
    assert "too long" in notices[0]


@pytest.mark.parametrize("text", ["The cat sat on the mat. " * 20, "話す" * 300, "\ud800" * 300, "a\0b\n" * 100])
def test_a_text_of_some_sentences_is_deflated_in_the_link(text):
    address = to_address(DEFAULTS.but(text=text))
    assert list(address) == ["text_zip"] and len(urlencode(address)) < len(urlencode({"text": text}, errors="replace"))
    assert from_address(address, SCORES) == (DEFAULTS.but(text=text), [])


def test_a_text_stays_plain_where_that_is_shorter_or_can_be_read():
    noise = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=400))
    for text in ("The cat sat on the mat.", noise):
        assert to_address(DEFAULTS.but(text=text)) == {"text": text}


@pytest.mark.parametrize("raw", ["", "x", "eJw", "näh", "A" * 500, zipped("x" * 100_000), zipped("cat " * 99)[:-8]])
def test_a_damaged_or_boundless_text_is_told(raw):
    choices, notices = from_address({"text_zip": raw}, SCORES)
    assert choices == DEFAULTS and len(notices) == 1 and "damaged" in notices[0]


def test_wrong_values_fall_back_each_with_a_sentence():
    wrong = {"unit": "letters", "layer": "-1", "head": "two", "score": "beauty", "tray": "L0H0,cat", "view": "3d"}
    choices, notices = from_address(wrong | {"special": "hide"}, SCORES)
    assert choices == Choices(special="hide")
    assert len(notices) == len(wrong)


def test_five_heads_do_not_fit_the_tray():
    choices, notices = from_address({"tray": "L0H0,L0H1,L0H2,L0H3,L0H4"}, SCORES)
    assert choices.pinned == () and "4" in notices[0]


@given(
    st.dictionaries(
        st.sampled_from(
            ["model", "text", "unit", "layer", "head", "tray", "score", "text_id", "text_zip", "utm", "start"]
        ),
        st.text(max_size=60),
    )
)
def test_no_address_raises(address):
    choices, notices = from_address(address, SCORES)
    assert isinstance(choices, Choices)
    assert all(sentence.endswith(".") for sentence in notices)


def test_3000_addresses_at_random_are_read_and_written_again():
    """None raises or takes long, and what was understood of it is a link that says so again."""
    chance, slowest = random.Random(3000), 0.0
    for _ in range(3000):
        address = any_address(chance)
        begun = time.process_time()
        choices, notices = from_address(address, SCORES)
        slowest = max(slowest, time.process_time() - begun)
        assert all(sentence.endswith(".") and len(sentence) < 500 for sentence in notices), address
        again = to_address(choices)
        assert all(isinstance(value, str) for value in again.values()), address
        if "text_id" not in again:
            assert from_address(again, SCORES) == (choices, []), address
    assert slowest < 1


def test_a_smaller_model_says_which_heads_it_has_not():
    asked = Choices(layer=20, head=3).but(pinned=[HeadId(2, 1), HeadId(20, 3)])
    choices, notices = within(asked, layers=6, heads=12)
    assert choices.chosen == HeadId(5, 3)
    assert choices.pinned == (HeadId(2, 1),)
    assert len(notices) == 2 and all("layers 0 to 5" in sentence for sentence in notices)
    assert within(choices, 6, 12) == (choices, [])


@pytest.mark.parametrize("model", ["minilm", "smollm2", "owner/name"])
def test_the_second_model_is_another_one_unless_a_person_chose_the_same(model):
    linked, _ = from_address({"model": model}, SCORES)
    assert linked.other_model != model
    chosen = DEFAULTS.but(model=model)
    assert chosen.other_model != model and chosen.but(model="minilm").other_model != "minilm"
    same = chosen.but(other_model=model)
    assert from_address(to_address(same), SCORES) == (same, [])


def test_the_second_text_of_the_first_example_belongs_to_no_other_text():
    """So nothing has to be corrected when Compare opens, which a reload would show."""
    mine = DEFAULTS.but(text="A text of mine.")
    assert DEFAULTS.other and mine.other == "" and mine.but(text=DEFAULTS.text).other == DEFAULTS.other
    assert to_address(mine) == {"text": "A text of mine."}
    assert from_address({"text": "A text of mine."}, ())[0] == mine
    chosen = mine.but(other=DEFAULTS.other)
    assert from_address(to_address(chosen), ())[0] == chosen and to_address(chosen)["other"] == DEFAULTS.other
    assert from_address({"other": "none"}, ())[0].other == "" != DEFAULTS.but(other="Mine.").but(text="Another.").other


@pytest.mark.parametrize("name", ["text", "target", "pair"])
def test_edits_name_words_of_what_is_read(name):
    chosen = DEFAULTS.but(edits=("L2H0:3>1",))
    assert chosen.but(layer=3).edits == ("L2H0:3>1",)
    assert chosen.but(**{name: "Another one."}).edits is None
