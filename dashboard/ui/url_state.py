"""What a person chose, as one value, and the way it is written in the address.

The address is the one place where a choice is kept: a pasted link reopens the same view, back and forward
step through views. What stands at its default is left out, so a fresh visit has a clean address.
Nothing here knows Streamlit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from urllib.parse import quote

from dashboard.analyses.profile.roles import FIGURES
from dashboard.analyses.recall.task import DEFAULT, Recall
from dashboard.analyses.toy.example import Example, example
from dashboard.builtin.source_listing import STEPS
from dashboard.errors import UserError
from dashboard.export.reports import is_key
from dashboard.heads.head_id import PARTS, HeadId, Part, every_head, listed_heads, nearest, written_heads
from dashboard.ui.toy_recall_urls import recall_from_address, recall_to_address, toy_from_address, toy_to_address

FIRST_TEXT = "The chef who trained in Osaka says ramen is her favourite food."
FIRST_OTHER = "The pilot who trained in Osaka says ramen is her favourite food."
FIRST_HEAD = HeadId(0, 2)
HEAD = tuple(FIRST_HEAD.choice)  # the fields that name the head on Explore
FIRST_PAIRS = "says → chef"  # marked on FIRST_TEXT
FIRST_TOY = example()
TRAY_SIZE = 4
NONE = "none"  # in a link: an empty value would not travel
LONGEST_PAIRS = 2_000  # characters
LONGEST_OTHER = 880  # characters of a second text: in any script it fits into a link
LONGEST_PATH = 1_000
STRONGEST = -1
TEXT_BYTES_IN_LINK = 8_000  # a browser opens 100 kB, but a link is also mailed and pasted

OPTIONS: dict[str, tuple[str, ...]] = {
    "unit": ("words", "tokens"),
    "special": ("show", "hide"),
    "bos": ("yes", "no"),
    "view": ("heatmap", "lines", "arcs", "reading"),
    "measure_of": ("weight", "contribution"),
    "atlas": ("score", "maps"),
    "show": ("side", "difference"),
    "mode": ("heads", "texts", "models"),
    "coloured": ("layer", "role"),
    "words_by": ("upos", "relation", "position", "frequency"),
    "toy_step": ("all", "x", "q", "k", "v", "scores", "scaled", "masked", "weights", "mixed", "joined"),
    "toy_plane": ("12", "13", "23", "14", "24", "34"),
    "step": STEPS,
    "reach": ("verb", "name"),
    "measure": ("moved", "turned", "attention_share"),
    "two": ("opposites", "tray"),
    "by": ("zero", "mean"),
    "between": ("all", "AA", "AB", "BA", "BB"),
    "out": ("head", "tray"),
    "part": PARTS[1:],
}


@dataclass(frozen=True)
class Choices:
    """All that a person chose.

    model: catalogue name, hub id or folder; text: the text; unit, special, bos: how it is read;
    layer, head, part: the head on Explore, see `HeadId`; view: how it is drawn; measure_of: its weights or its
    contributions;
    atlas, score: what the atlas shows;
    tray: the chosen heads; show: side by side or the difference, on Compare; mode: what is compared there;
    other: the second text there; other_model, other_head: the second model and its head;
    start: the first position drawn of a text that is too long for one picture;
    query, key, step: on “Inside a head”, the token that is followed, the one it is looked at closely with (`STRONGEST`
    for the one it looks at most), both from 0, and the step that is marked;
    toy: the tables of the toy; toy_step, toy_row, toy_head, toy_plane: the step on show, the word and the head that are
    followed, which two numbers of the vectors are drawn in the plane; recall: the run of “Before attention”;
    reach: what “Long range” asks; word: the word that is followed through the layers, from 0; measure: what is drawn of
    every word there;
    coloured: by what the heads are coloured on “Map of heads”; words_by: and the words on “Queries and keys”;
    rolled: the layers that attention is rolled out over there, like "2-5", "" for all;
    profile: on “Syntax vs context”, the name of the profile, "" for the first there is of the model; two: which two
    heads are drawn side by side there; parser: the spaCy model that parses the text, "" for the English one;
    by: on “Without a head”, what takes the place of the head's output; out: whether the chosen head is taken out there
    or the heads of the tray together; against: the score of a text or figure of a
    profile that all heads' effects are laid beside there;
    pairs: on “Find heads”, the marked pairs as they are typed, a row each; pattern: what is searched for in the corpus;
    report: the key of the report that is collected, "" while there is none;
    pair: a second text that Explore reads together with the first, as a sentence pair, "" for none; between: which of
    its links are drawn.
    """

    model: str = "minilm"
    text: str = FIRST_TEXT
    unit: str = "words"
    special: str = "show"
    bos: str = "yes"
    layer: int = 0
    head: int = 2
    part: Part = ""
    view: str = "heatmap"
    measure_of: str = "weight"
    atlas: str = "score"
    score: str = "previous"
    tray: tuple[HeadId, ...] = ()
    show: str = "side"
    mode: str = "heads"
    other: str = FIRST_OTHER
    other_model: str = "smollm2"
    other_head: HeadId = FIRST_HEAD
    start: int = 0
    query: int = 7
    key: int = STRONGEST
    step: str = "weights"
    toy: Example = FIRST_TOY
    toy_step: str = "all"
    toy_row: int = 4
    toy_head: int = 0
    toy_plane: str = "12"
    recall: Recall = DEFAULT
    reach: str = "verb"
    word: int = 7
    measure: str = "moved"
    rolled: str = ""
    coloured: str = "layer"
    words_by: str = "upos"
    profile: str = ""
    two: str = "opposites"
    parser: str = ""
    by: str = "zero"
    out: str = "head"
    against: str = "total"
    pairs: str = FIRST_PAIRS
    pattern: str = "relation=nsubj"
    report: str = ""
    pair: str = ""
    between: str = "all"

    @property
    def chosen(self) -> HeadId:
        return HeadId(self.layer, self.head, self.part)


DEFAULTS = Choices()


def digest(text: str) -> str:
    """A short name of a text, for links that cannot carry it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def fits_in_link(text: str) -> bool:
    return len(quote(text, safe="", errors="replace")) <= TEXT_BYTES_IN_LINK


def to_address(choices: Choices) -> dict[str, str]:
    """The query parameters of a link that reopens this view; what stands at its default is left out.

    A text over 8 kB (encoded) stays out: `text_id` then stands for it, so that whoever opens the link is told.
    """
    address = {}
    for field in fields(Choices):
        value = getattr(choices, field.name)
        if value == getattr(DEFAULTS, field.name):
            continue
        if field.name == "text" and not fits_in_link(value):
            address["text_id"] = digest(value)
        elif field.name == "tray":
            address["tray"] = written_heads(value)
        elif field.name in ("pairs", "other"):
            address[field.name] = value or NONE
        elif field.name == "toy":
            address |= toy_to_address(value)
        elif field.name == "recall":
            address |= recall_to_address(value)
        else:
            address[field.name] = str(value)
    return address


def from_address(
    address: Mapping[str, str], scores: tuple[str, ...], held_texts: Mapping[str, str] = MappingProxyType({})
) -> tuple[Choices, list[str]]:
    """Query parameters → choices, and a sentence for each value that could not be read.

    `scores` are the names of scores that exist; `held_texts` are long texts of this session by `digest`, used
    where the link stands for one by `text_id`. A wrong value falls back to the default; it never raises.
    """
    found: dict[str, object] = {}
    notices: list[str] = []
    for field, read in (("toy", toy_from_address), ("recall", recall_from_address)):
        found[field], said = read(address)
        notices += said
    for name, raw in address.items():
        try:
            found.update(_read(name, raw, scores, held_texts))
        except UserError as wrong:
            notices.append(str(wrong))
    return replace(DEFAULTS, **found), notices


def _read(name: str, raw: str, scores: tuple[str, ...], held_texts: Mapping[str, str]) -> dict[str, object]:
    if name in OPTIONS or name in ("score", "against"):
        allowed = (*FIGURES, *scores) if name == "against" else OPTIONS.get(name, scores)
        if raw not in allowed:
            raise UserError(
                f"The link asks for {name} “{_short(raw)}”; it can be {_either(allowed)}. The usual view is shown."
            )
        return {name: raw}
    if name in ("layer", "head", "start", "query", "key", "toy_row", "toy_head", "word"):
        if not (raw.isascii() and raw.isdigit() and len(raw) < 7):
            raise UserError(
                f"The link asks for {name} “{_short(raw)}”, which is no number counted from 0. The usual view is shown."
            )
        return {name: int(raw)}
    if name == "model":
        return {"model": tidy("model", raw)} if raw.strip() else {}
    if name in ("pairs", "parser", "other", "pair"):
        return {name: tidy(name, raw)}
    if name == "other_head":
        return {"other_head": HeadId.parse(_short(raw))}
    if name == "other_model":
        return {"other_model": tidy("model", raw)} if raw.strip() else {}
    if name == "rolled":
        if not re.fullmatch(r"[0-9]{1,3}-[0-9]{1,3}", raw):
            raise UserError(f"The link asks for layers “{_short(raw)}”; write the first and the last, like 2-5.")
        return {"rolled": raw}
    if name == "profile":
        return {"profile": raw[:200]}
    if name == "report":
        return {"report": raw} if is_key(raw) else {}
    if name == "pattern":
        return {"pattern": raw[:LONGEST_PAIRS]}
    if name == "text":
        return {"text": raw}
    if name == "text_id":
        if raw in held_texts:
            return {"text": held_texts[raw]}
        raise UserError(
            "This link was made with a text too long to travel in it. Paste that text on the left to see the same view."
        )
    if name == "tray":
        tray = tuple(listed_heads(_short(raw, 200)))
        if len(tray) > TRAY_SIZE:
            raise UserError(
                f"The link puts {len(tray)} heads in the tray; it holds {TRAY_SIZE}. The tray was left empty."
            )
        return {"tray": tray}
    return {}  # other tools add parameters of their own to links; they are none of our business


def tidy(name: str, typed: str) -> str:
    """What a person typed for a choice as the address keeps it: without blanks and empty rows round it."""
    if name == "pairs":
        rows = [row.strip() for row in typed[:LONGEST_PAIRS].split("\n")]
        kept = "\n".join(row for row in rows if row)
        return "" if kept == NONE else kept
    if name in ("other", "pair"):
        kept = typed[:LONGEST_OTHER].strip()
        return "" if kept == NONE else kept
    if name in ("model", "other_model", "parser"):
        return typed[:LONGEST_PATH].strip()
    return typed


def within(choices: Choices, layers: int, heads: int, numbers: Sequence[int] = ()) -> tuple[Choices, list[str]]:
    """The same choices with heads that this model has; a sentence for each that it has not.

    numbers: the layers that have attention, empty where all have
    """
    notices, every = [], every_head(numbers or layers, heads)

    def exists(head: HeadId) -> bool:
        return head in every

    size = f"this model has layers 0 to {layers - 1} and heads 0 to {heads - 1}"
    if 0 < len(numbers) < layers:
        size = f"this model has attention in {len(numbers)} of {layers} layers ({', '.join(map(str, numbers))})"
    if not exists(choices.chosen):
        now = nearest(every, choices.chosen)
        notices.append(f"There is no head {choices.chosen}: {size}. {now} is shown.")
        choices = replace(choices, **now.choice)
    gone = [head for head in choices.tray if not exists(head)]
    if gone:
        notices.append(f"Taken out of the tray: {', '.join(map(str, gone))}; {size}.")
        choices = replace(choices, tray=tuple(head for head in choices.tray if exists(head)))
    return choices, notices


def _short(raw: str, most: int = 40) -> str:
    return raw if len(raw) <= most else raw[: most - 1] + "…"


def _either(names: tuple[str, ...]) -> str:
    return ", ".join(names[:-1]) + " or " + names[-1]
