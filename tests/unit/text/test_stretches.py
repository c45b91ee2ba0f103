"""Which stretch each token belongs to: prompt or continuation, a role of a chat; and texts that know their border."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import continued
from dashboard.text.stretches import PROMPT, WRITTEN, Continued, named, stretches_of
from dashboard.text.words import without_surrogates


class Template:
    """A tokenizer that only has a chat template. answers: what stands before an answer that is to be written"""

    bos_token = None
    chat_template = "given"

    def __init__(self, turn, answers="", system=True):
        self.turn, self.answers, self.system = turn, answers, system

    def apply_chat_template(self, messages, *, tokenize, add_generation_prompt):
        if not self.system and messages[0]["role"] == "system":
            raise ValueError("no system message")
        said = "".join(self.turn(one["role"], one["content"]) for one in messages)
        return said + self.answers * add_generation_prompt


CHAT_ML = Template(lambda role, words: f"<|im_start|>{role}\n{words}<|im_end|>\n", "<|im_start|>assistant\n")
BRACKETS = Template(
    lambda role, words: f"[INST] {words} [/INST]" if role == "user" else f"{words}</s>", "", system=False
)
GEMMA = Template(
    lambda role, words: f"<turn>{'model' if role == 'assistant' else role}\n{words}<end>\n",
    "<turn>model\n",
    system=False,
)
UNMARKED = Template(lambda role, words: f"{words}\n")
PLAIN = type("Plain", (), {"chat_template": None})()

TURNS = [("user", "Who are you?"), ("assistant", "A model."), ("user", "Of whom?"), ("assistant", "Of many.")]


@pytest.mark.parametrize("tokenizer", [CHAT_ML, BRACKETS, GEMMA], ids=["chat-ml", "brackets", "gemma"])
@pytest.mark.parametrize("turns", [TURNS, [("system", "Be brief."), *TURNS], TURNS[:2]], ids=["two", "system", "one"])
def test_the_roles_of_a_chat_are_found_in_its_text(tokenizer, turns):
    """Each turn's words lie in the stretch of its role, and the stretches cover the text."""
    if not tokenizer.system:
        turns = [turn for turn in turns if turn[0] != "system"]
    text = tokenizer.apply_chat_template(
        [{"role": role, "content": words} for role, words in turns], tokenize=False, add_generation_prompt=False
    )
    starts = stretches_of(text, tokenizer)
    assert [role for role, _ in starts] == [role for role, _ in turns] and starts[0][1] == 0
    ends = [start for _, start in starts[1:]] + [len(text)]
    for (_, words), (_, start), end in zip(turns, starts, ends, strict=True):
        assert words in text[start:end]


def test_a_text_that_no_template_made_has_no_roles():
    assert stretches_of("Who are you? A model.", CHAT_ML) == ()
    assert stretches_of("Who are you?\nA model.\n", UNMARKED) == stretches_of("Who are you?", PLAIN) == ()


def test_what_a_model_answers_in_a_chat_ends_its_roles():
    prompt = CHAT_ML.apply_chat_template(
        [{"role": "user", "content": "Who?"}], tokenize=False, add_generation_prompt=True
    )
    text = continued(prompt, "I.<|im_end|>\n<|im_start|>user\nReally?")
    assert [role for role, _ in stretches_of(text, CHAT_ML)] == ["user", "assistant", WRITTEN]
    assert stretches_of(text, CHAT_ML)[-1] == (WRITTEN, len(prompt))


WORDS = "The keys to the cabinet"
SPANS = [(0, 0), (0, 3), (4, 8), (9, 11), (12, 15), (16, 23), (23, 23)]  # a start token, five words, an end token


@pytest.mark.parametrize(
    ("border", "written"),
    [(8, 4), (9, 4), (6, 4), (1, 5), (22, 1)],
    ids=["before the space", "after it", "in a word", "in the first", "in the last"],
)
def test_a_token_over_the_border_belongs_to_the_prompt(border, written):
    """The last tokens are a model's: those that begin at the border or behind it, and the one that ends the text."""
    names = named(stretches_of(Continued.of(WORDS, border), PLAIN), SPANS)
    by_hand = [WRITTEN if begin >= border else PROMPT for begin, _ in SPANS]
    assert list(names) == by_hand and names.count(WRITTEN) == written


@pytest.mark.parametrize("text", [WORDS, Continued.of(WORDS, 0), Continued.of(WORDS, len(WORDS))])
def test_a_text_of_one_stretch_has_none(text):
    assert named(stretches_of(text, PLAIN), SPANS) == ()


def test_where_nothing_of_a_continuation_was_read_there_is_one_stretch():
    assert named(stretches_of(Continued.of(WORDS, 20), PLAIN), SPANS[:4]) == ()


@given(st.text(), st.text())
def test_a_continued_text_is_the_same_text_and_keeps_its_border_wherever_it_goes(prompt, written):
    text = continued(prompt, written)
    assert text == prompt + written and hash(text) == hash(prompt + written) and text.prompt == prompt
    for same in (copy.deepcopy(text), pickle.loads(pickle.dumps(text)), eval(repr(text), {"continued": continued})):
        assert same == text and same.prompt == prompt
    further = continued(text, " and on")
    assert further == text + " and on" and further.prompt == prompt
    assert type(str(text)) is str and len(without_surrogates(text)) == len(text)
