"""Edits of attention as a person types them: ``L2H9:says>chef`` cuts a link, ``L2H9:says=uniform`` replaces a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dashboard.capture import AttentionModel
from dashboard.capture.interventions import CUTS, REPLACEMENTS, RowEdit, Way
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import existing_head
from dashboard.text.encoding import Encoding
from dashboard.text.word_named import ARROW, ends_of, word_named

ALL = "*"
MOST = 200

_REPLACEMENTS: dict[str, Way] = {way: way for way in REPLACEMENTS}


def looks_back(model: AttentionModel) -> bool:
    """Whether a row sees only its own token and those before it."""
    return model.predicts_next and model.source_text is None


def edits_of(model: AttentionModel, encoding: Encoding, typed: Sequence[str], row: Way) -> list[RowEdit]:
    """The edits that a person typed, in the order of their rows: those of one row are one edit.

    ``HEAD:QUERY>KEY`` cuts all links from the tokens of one word to those of another; ``HEAD:QUERY=WAY`` replaces the
    rows of a word's tokens, by one of `REPLACEMENTS`. A word is written as in the text or by its number, from 0; a
    special token as it is drawn, like [SEP] (all of that name); * stands for all tokens.

    Raises UserError for what is none of these, a word or head that does not exist, a link that the model cannot see,
    and a row that is both cut and replaced.
    """
    if row not in CUTS:
        raise UserError(f"A row with a cut is {' or '.join(CUTS)}, not “{row}”.")
    if len(typed) > MOST:
        raise UserError(f"These are {len(typed)} edits. Make at most {MOST} at once.")
    keys = model.source_text or encoding
    back = looks_back(model)
    found: dict[tuple[HeadId, int], RowEdit] = {}
    for one in typed:
        if not isinstance(one, str):
            raise UserError(f"An edit is text, like L2H9:says>chef, not {str(one)[:60]}.")
        for edit in _edits(model, encoding, keys, one, row, back):
            place = edit.head, edit.query
            before = found.get(place)
            if before is not None and (before.way not in CUTS or edit.way not in CUTS) and before != edit:
                raise UserError(
                    f"“{one.strip()[:60]}” changes a row that another edit replaces. Leave one of them out."
                )
            found[place] = edit if before is None else RowEdit(*place, edit.way, edit.keys | before.keys)
    return [found[place] for place in sorted(found)]


def _edits(
    model: AttentionModel, encoding: Encoding, keys: Encoding, typed: str, row: Way, back: bool
) -> Iterable[RowEdit]:
    name, colon, rest = typed.strip().partition(":")
    if not colon:
        raise UserError(
            f"“{typed.strip()[:60]}” is no edit. Write the head, a colon and the link, like L2H9:says>chef, or a row, "
            "like L2H9:says=uniform."
        )
    head = existing_head(model, name.strip())
    query, equals, way = rest.rpartition("=")
    if equals and way.strip() in _REPLACEMENTS:
        replacement = _REPLACEMENTS[way.strip()]
        if keys is not encoding and replacement in ("previous", "self"):
            raise UserError(f"A row of cross attention looks at another text, so “{replacement}” is no place in it.")
        tokens = _tokens(encoding, query.strip())
        if query.strip() == ALL and replacement == "previous":
            tokens = tokens[1:]
        return [RowEdit(head, token, replacement) for token in tokens]
    if equals and not ARROW.search(rest):
        raise UserError(f"A row is replaced by one of {', '.join(REPLACEMENTS)}, not by “{way.strip()[:40]}”.")
    if not ARROW.search(rest):
        raise UserError(
            f"“{typed.strip()[:60]}” names no second word. Write both ends of the link with > between them. On a "
            'command line, put it in quotes: "L2H9:says>chef". Without quotes, a shell takes > for a file.'
        )
    start, end = ends(encoding, keys, rest)
    cut = _tokens(keys, end)
    found = [
        RowEdit(head, token, row, frozenset(key for key in cut if key <= token or not back))
        for token in _tokens(encoding, start)
    ]
    found = [edit for edit in found if edit.keys]
    if not found:
        raise UserError(f"“{start[:40]}” cannot look ahead to “{end[:40]}” in a causal model, so there is no link.")
    return found


def ends(encoding: Encoding, keys: Encoding, typed: str) -> tuple[str, str]:
    """The two ends of a link. A special token may have an arrow in its name: ``is><s>``."""
    names = [
        {name for name, special in zip(one.drawn, one.special, strict=True) if special} for one in (encoding, keys)
    ]
    for arrow in ARROW.finditer(typed):
        ends = typed[: arrow.start()].strip(), typed[arrow.end() :].strip()
        if all(end and (end in known or not ARROW.search(end)) for end, known in zip(ends, names, strict=True)):
            return ends
    return ends_of(typed)


def _tokens(encoding: Encoding, typed: str) -> list[int]:
    """The tokens that a person means."""
    if typed == ALL:
        return list(range(len(encoding)))
    if special := [token for token, name in enumerate(encoding.drawn) if encoding.special[token] and name == typed]:
        return special
    word = word_named(encoding, typed)
    return [token for token, of in enumerate(encoding.word_of) if of == word]
