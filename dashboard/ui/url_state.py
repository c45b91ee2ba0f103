"""A person's choices as one value, and how the address holds them.

The address is the only place where choices are kept: a pasted link reopens the same view, back and forward step
through views. Defaults are left out, so a fresh visit has a clean address.
A new choice is one field of `Choices`. Nothing here knows Streamlit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_type_hints

from dashboard.analyses.course.steps import own_guesses
from dashboard.analyses.explore.views import VIEWS
from dashboard.analyses.profile.roles import FIGURES
from dashboard.analyses.recall.task import DEFAULT, Recall
from dashboard.analyses.toy.example import Example, example
from dashboard.analyses.toy.worked_steps import STEPS as TOY_STEPS
from dashboard.builtin.source_listing import STEPS as ATTENTION_STEPS
from dashboard.capture.ablate import By
from dashboard.errors import UserError
from dashboard.heads.head_group import HOWS, How
from dashboard.heads.head_id import PARTS, HeadId, Part
from dashboard.heads.view import Between
from dashboard.text import Special, Unit
from dashboard.ui.page_list import FIRST
from dashboard.ui.pins import Pin, Pins, carried_over, heads_here, with_heads
from dashboard.ui.toy_recall_urls import recall_from_address, recall_to_address, toy_from_address, toy_to_address
from dashboard.ui.url_fields import (
    LONGEST_PATH,
    Border,
    Edits,
    Emptied,
    Head,
    Key,
    Kind,
    Known,
    Layers,
    Number,
    Option,
    Passage,
    Rows,
    Several,
    Text,
    Typed,
    Within,
    bordered,
)

FIRST_TEXT = "The chef who trained in Osaka says ramen is her favourite food."
FIRST_OTHER = "The pilot who trained in Osaka says ramen is her favourite food."
FIRST_HEAD = HeadId(0, 2)
HEAD = ("layer", "head")  # the fields that name the head, of whichever part
OF_ALL_HEADS = ("view", "measure_of", "together", "how", "atlas", "score")
OF_ONE_TEXT = {"at_word": -1, "rival": "", "written": 0, "border": "", "edits": None, "answer": "", "instead": ""}
PAGE = "page"  # in the address of the first page, see `page_named`
FIRST_PAIRS = "says → chef"  # marked on FIRST_TEXT
FIRST_TOY = example()
MOST_PINS = 4
MOST_WRITTEN = 500  # tokens
LONGEST_PAIRS = 2_000  # characters
LONGEST_OTHER = 880  # characters of a second text: in any script it fits into a link
LONGEST_RIVAL = 80  # characters
STRONGEST = -1
MOST_CHANGED = -1
MOST_TELLING = -1
LONGEST_GUESSES = 400  # characters


@dataclass(frozen=True)
class Choices:
    """All choices, grouped by the page that uses them: each with its default and its kind, which reads and writes it
    (`dashboard.ui.url_fields`)."""

    # The model, the text and how it is read
    model: Annotated[str, Typed(LONGEST_PATH, needed=True, is_path=True)] = "minilm"  # catalogue name, hub id or folder
    text: Annotated[str, Passage()] = FIRST_TEXT
    border: Annotated[str, Border()] = ""  # where what a model wrote begins in the text, "" for a text that none wrote
    unit: Annotated[Unit, Option("words", "tokens")] = "words"
    special: Annotated[Special, Option("show", "hide")] = "show"
    bos: Annotated[str, Option("yes", "no")] = "yes"
    # The head on every page that shows one
    layer: Annotated[int, Number()] = 0
    head: Annotated[int, Number()] = 2
    part: Annotated[Part, Option(*PARTS[1:])] = ""  # of an encoder–decoder
    # “All heads”
    view: Annotated[str, Option(*VIEWS)] = "heatmap"  # how the head is drawn
    measure_of: Annotated[Literal["weight", "contribution"], Option("weight", "contribution")] = "weight"
    together: Annotated[str, Option("head", "best", "pinned", "layer", "all")] = "head"  # the head, or several as one
    how: Annotated[How, Option(*HOWS)] = "mean"  # what of several heads is drawn
    atlas: Annotated[str, Option("score", "maps")] = "score"  # what the atlas shows
    score: Annotated[str, Option(scores=True)] = "previous"
    twin: Annotated[str, Option("yes", "no")] = "yes"  # whether the untrained twin is drawn, on every page that has it
    # The pinned heads, on every page
    pins: Annotated[tuple[Pin, ...], Pins(MOST_PINS)] = ()
    # Compare
    show: Annotated[str, Option("side", "difference")] = "side"
    mode: Annotated[str, Option("heads", "texts", "models")] = "heads"  # what is compared
    other: Annotated[str, Emptied(LONGEST_OTHER)] = FIRST_OTHER  # the second text
    other_model: Annotated[str, Typed(LONGEST_PATH, needed=True, is_path=True)] = "smollm2"
    other_head: Annotated[HeadId, Head()] = FIRST_HEAD
    # Every picture: the first position drawn of a text that is too long for one
    start: Annotated[int, Number()] = 0
    # Inside a head: positions, from 0
    query: Annotated[int, Number()] = 7
    key: Annotated[int, Number()] = STRONGEST  # `STRONGEST`: the one with the highest weight
    step: Annotated[str, Option(*ATTENTION_STEPS)] = "weights"  # the step that is marked
    # Attention by hand
    toy: Annotated[Example, Several(toy_from_address, toy_to_address)] = FIRST_TOY  # its words and tables
    toy_step: Annotated[str, Option("all", *TOY_STEPS)] = "all"  # the step that is drawn
    toy_row: Annotated[int, Number()] = 4  # the word that is followed
    toy_head: Annotated[int, Number()] = 0
    toy_plane: Annotated[str, Option("12", "13", "23", "14", "24", "34")] = "12"  # which two numbers are drawn
    # Why attention?
    recall: Annotated[Recall, Several(recall_from_address, recall_to_address)] = DEFAULT  # the run
    # Ten steps, Glossary
    course: Annotated[int, Number()] = 1  # the step, from 1
    guesses: Annotated[str, Text(LONGEST_GUESSES)] = ""  # like "fading:100 best_key:3": a step and its guess
    asked: Annotated[int, Number()] = MOST_TELLING  # the token that step 3 asks about, from 0
    term: Annotated[str, Text(60)] = ""  # the term that is opened
    # Long range
    reach: Annotated[str, Option("verb", "name")] = "verb"  # which relation is measured
    # Layer by layer
    word: Annotated[int, Number()] = 7  # the word that is followed, from 0
    measure: Annotated[str, Option("moved", "turned", "attention_share", "cross_attention_share")] = "moved"  # of words
    rolled: Annotated[str, Layers()] = ""  # the layers that attention is rolled out over, "" for all
    # Head map, Queries and keys: what colours the points
    coloured: Annotated[str, Option("layer", "role")] = "layer"
    words_by: Annotated[str, Option("upos", "relation", "position", "frequency")] = "upos"
    # Syntax vs context
    profile: Annotated[str, Text(200)] = ""  # its name, "" for the model's first one
    two: Annotated[str, Option("opposites", "tray")] = "opposites"  # which two heads are drawn side by side
    moments: Annotated[str, Option("syntax", "context", "position")] = ""  # by which bits top sentences are chosen
    parser: Annotated[str, Typed(LONGEST_PATH, is_path=True)] = ""  # the spaCy model, "" for the English one
    replaced: Annotated[str, Option("position", "position_syntax", "position_context", "all", "syntax", "context")] = (
        "all"  # by which of its models a head is replaced
    )
    # Ablation
    by: Annotated[By, Option("zero", "mean")] = "zero"  # what replaces the head's output
    out: Annotated[str, Option("head", "tray")] = "head"  # what is ablated: the head, or the heads of the tray jointly
    at_word: Annotated[int, Number()] = MOST_CHANGED  # the word whose prediction is shown, from 0
    rival: Annotated[str, Typed(LONGEST_RIVAL)] = ""  # what it is compared with, "" for the most probable other token
    # Cut a link
    cutting: Annotated[str, Option("no", "yes")] = "no"  # whether a click cuts links on other pages
    edits: Annotated[tuple[str, ...] | None, Edits()] = None  # None until a hand made one
    cut_row: Annotated[Literal["renormalised", "left"], Option("renormalised", "left")] = "renormalised"
    answer: Annotated[str, Typed(LONGEST_RIVAL)] = ""  # a next token, "" for the most probable one
    instead: Annotated[str, Typed(LONGEST_RIVAL)] = ""  # its rival
    against: Annotated[str, Option(*FIGURES, scores=True)] = "total"  # what effects are compared with
    # Corpora: which two profiles are held against each other, "" for the first two, and by which figure
    corpora: Annotated[str, Text(400)] = ""
    corpora_by: Annotated[str, Option(*FIGURES)] = "context"
    # What decided?
    attributed: Annotated[Literal["integrated", "gradient"], Option("integrated", "gradient")] = "integrated"
    # Carry a head over: the two texts, the two answers, and the ready set of pairs
    patch_a: Annotated[str, Emptied(LONGEST_OTHER)] = "The keys to the cabinet"
    patch_b: Annotated[str, Emptied(LONGEST_OTHER)] = "The key to the cabinet"
    answers: Annotated[str, Emptied(LONGEST_RIVAL)] = "are, is"
    pair_set: Annotated[str, Option("agreement", "pronouns", "indirect_object", "capitals", "negation")] = "agreement"
    # Find heads
    pairs: Annotated[str, Rows(LONGEST_PAIRS)] = FIRST_PAIRS  # the marked pairs as they are typed, a row each
    pattern: Annotated[str, Text(LONGEST_PAIRS)] = "relation=nsubj"  # what is searched for in the corpus
    # What the model writes
    write: Annotated[int, Within(1, MOST_WRITTEN, whole=True)] = 50  # how many tokens
    temperature: Annotated[float, Within(0, 5)] = 0.0  # 0: each token is the most probable one
    top_k: Annotated[int, Within(0, 1_000_000, whole=True)] = 0  # among how many tokens is drawn, 0 for all
    seed: Annotated[int, Within(0, 999_999, whole=True)] = 0
    chat: Annotated[str, Option("no", "yes")] = "no"  # whether the text is a message in the chat template
    written: Annotated[int, Number()] = 0  # the written token on show, from 0
    report: Annotated[str, Key()] = ""
    # How likely is it luck?
    random_heads: Annotated[int, Within(1, 1_000, whole=True)] = 270
    random_pairs: Annotated[int, Within(1, 20, whole=True)] = 3  # how many are marked
    planted: Annotated[int, Within(0, 100, whole=True)] = 0  # the strength of a planted head in percent, 0: none
    redraw: Annotated[int, Within(0, 999, whole=True)] = 1  # the seed
    # Sentence pairs: the second text, "" for none, and which of its links are drawn
    pair: Annotated[str, Emptied(LONGEST_OTHER)] = ""
    # Encoder–decoders: what the decoder reads, the text being the source
    target: Annotated[str, Emptied(LONGEST_OTHER)] = ""
    between: Annotated[Between | Literal["all"], Option("all", "AA", "AB", "BA", "BB")] = "all"

    @property
    def read(self) -> str:
        """The text as it is read: a `Continued` one where a model wrote its end."""
        return bordered(self.text, self.border)

    @property
    def chosen(self) -> HeadId:
        return HeadId(self.layer, self.head, self.part)

    @property
    def pinned(self) -> tuple[HeadId, ...]:
        """The pinned heads of the chosen model."""
        return heads_here(self.pins)

    def but(self, *, pinned: Sequence[HeadId] | None = None, **new: Any) -> Choices:
        """These choices with others in some places. pinned: the pinned heads of the chosen model; a pin of another
        model stays. Where another model is chosen each pin keeps its own, and the second model is another one. In
        another text, no word is chosen yet, nothing is a model's, and what was guessed of it is dropped."""
        if pinned is not None:
            new["pins"] = with_heads(self.pins, pinned, MOST_PINS)
        if "model" in new and new["model"] != self.model:
            new["pins"] = carried_over(new.get("pins", self.pins), self.model, new["model"])
            if new["model"] == self.other_model:  # Compare would hold a model against itself
                new.setdefault("other_model", self.model)
        if (text := new.get("text", self.text)) != self.text:
            new = OF_ONE_TEXT | new
            if self.other == _defaults(self.text).other:
                new.setdefault("other", _defaults(text).other)
        if any(name in new and new[name] != getattr(self, name) for name in ("target", "pair")):
            new = {"edits": None} | new  # they name words of what is read beside the text, too
        if any(name in new and new[name] != getattr(self, name) for name in ("text", "model", "bos", "asked")):
            new = {"guesses": own_guesses(self.guesses)} | new
            if "asked" not in new:
                new["asked"] = MOST_TELLING
        return replace(self, **new)


DEFAULTS = Choices()
_OF_OTHER_TEXTS = replace(DEFAULTS, other="")
KINDS: dict[str, Kind] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Choices, include_extras=True).items()
}
_FIELD_OF = {parameter: name for name, kind in KINDS.items() for parameter in kind.parameters(name)}


def _defaults(text: str) -> Choices:
    """The defaults beside this text: the second text of the first example belongs to no other one."""
    return DEFAULTS if text == FIRST_TEXT else _OF_OTHER_TEXTS


def to_address(choices: Choices) -> dict[str, str]:
    """The query parameters of a link that reopens this view, without defaults."""
    address: dict[str, str] = {}
    defaults = _defaults(choices.text)
    for name, kind in KINDS.items():
        if (value := getattr(choices, name)) != getattr(defaults, name):
            address |= kind.write(name, value)
    if choices.other_model == choices.model:
        address["other_model"] = choices.other_model  # a link without it means two different ones
    return address


def page_named(page: str, address: Mapping[str, str]) -> dict[str, str]:
    """What the address of the first page needs besides, so that it is not taken for one of versions before, in which
    the bare address was that of “All heads”. page: the path, "" for the first one"""
    return {PAGE: FIRST.name} if not page and any(name in address for name in (*HEAD, *OF_ALL_HEADS)) else {}


def from_address(
    address: Mapping[str, str], scores: tuple[str, ...], held_texts: Mapping[str, str] = MappingProxyType({})
) -> tuple[Choices, list[str]]:
    """Query parameters → choices, and a sentence for each value that could not be read.

    scores: the names of the scores; held_texts: long texts of this session by `digest`, for a link with `text_id`
    A wrong value falls back to the default; this never raises. Parameters that other tools add to links are ignored.
    """
    found: dict[str, Any] = {}
    notices: list[str] = []
    known = Known(scores, held_texts)
    for name, kind in KINDS.items():
        if isinstance(kind, Several):
            found[name], wrong_values = kind.read_all(address)
            notices += wrong_values
    for parameter, raw in address.items():
        if (name := _FIELD_OF.get(parameter)) is None:
            continue
        try:
            if (value := KINDS[name].read(parameter, raw, known)) is not None:
                found[name] = value
        except UserError as wrong:
            notices.append(str(wrong))
    if "other_model" not in found and found.get("model") == DEFAULTS.other_model:
        found["other_model"] = DEFAULTS.model
    text, border = found.get("text", FIRST_TEXT), found.get("border", "")
    if border and bordered(text, border) is text:
        del found["border"]
        notices.append("The text of this link was changed, so it no longer says which words a model wrote.")
    return replace(_defaults(text), **found), notices


def tidy(name: str, typed: str) -> str:
    """What a person typed for a choice, in the form for the address: without surrounding blanks and empty rows."""
    return KINDS[name].tidy(typed)
