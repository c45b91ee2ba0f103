"""Edits of attention as a person types them: ``L2H9:says>chef`` cuts a link, ``L2H9:says=uniform`` replaces a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dashboard.capture import AttentionModel
from dashboard.capture.interventions import RowEdit, Way
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import existing_head
from dashboard.text.encoding import Encoding
from dashboard.text.word_named import ends_of, word_named

ALL = "*"
CUTS: tuple[Way, ...] = ("renormalised", "left")
REPLACEMENTS: dict[str, Way] = {"uniform": "uniform", "previous": "previous", "self": "self", "first": "first"}
MOST = 200


def edits_of(model: AttentionModel, encoding: Encoding, typed: Sequence[str], row: Way) -> list[RowEdit]:
    """The edits that a person typed, in the order of their rows: those of one row are one edit.

    ``HEAD:QUERY>KEY`` cuts all links from the tokens of one word to those of another; ``HEAD:QUERY=WAY`` replaces the
    rows of a word's tokens, by one of `REPLACEMENTS`. A word is written as in the text or by its number, from 0; a
    special token as it is drawn, like [SEP]; * stands for all tokens.

    Raises UserError for what is none of these, a word or head that does not exist, a link that the model cannot see,
    and a row that is both cut and replaced.
    """
    if row not in CUTS:
        raise UserError(f"A row with a cut is {' or '.join(CUTS)}, not “{row}”.")
    if len(typed) > MOST:
        raise UserError(f"These are {len(typed)} edits. Make at most {MOST} at once.")
    keys = model.source_text or encoding
    ahead = model.predicts_next and model.source_text is None
    found: dict[tuple[HeadId, int], RowEdit] = {}
    for one in typed:
        for edit in _edits(model, encoding, keys, one, row, ahead):
            place = edit.head, edit.query
            before = found.get(place)
            if before is not None and (before.way not in CUTS or edit.way not in CUTS) and before != edit:
                raise UserError(
                    f"“{one.strip()[:60]}” changes a row that another edit replaces. Leave one of them out."
                )
            found[place] = edit if before is None else RowEdit(*place, edit.way, edit.keys | before.keys)
    return [found[place] for place in sorted(found)]


def _edits(
    model: AttentionModel, encoding: Encoding, keys: Encoding, typed: str, row: Way, ahead: bool
) -> Iterable[RowEdit]:
    name, colon, rest = typed.strip().partition(":")
    if not colon:
        raise UserError(
            f"“{typed.strip()[:60]}” is no edit. Write the head, a colon and the link, like L2H9:says>chef, or a row, "
            "like L2H9:says=uniform."
        )
    head = existing_head(model, name.strip())
    query, equals, way = rest.rpartition("=")
    if equals and way.strip() in REPLACEMENTS:
        return [RowEdit(head, token, REPLACEMENTS[way.strip()]) for token in _tokens(encoding, query.strip())]
    if equals and ">" not in way:
        raise UserError(f"A row is replaced by one of {', '.join(REPLACEMENTS)}, not by “{way.strip()[:40]}”.")
    start, end = ends_of(rest)
    cut = _tokens(keys, end)
    found = [
        RowEdit(head, token, row, frozenset(key for key in cut if key <= token or not ahead))
        for token in _tokens(encoding, start)
    ]
    found = [edit for edit in found if edit.keys]
    if not found:
        raise UserError(f"“{start[:40]}” cannot look ahead to “{end[:40]}” in a causal model, so there is no link.")
    return found


def _tokens(encoding: Encoding, typed: str) -> list[int]:
    """The tokens that a person means."""
    if typed == ALL:
        return list(range(len(encoding)))
    special = [token for token, name in enumerate(encoding.drawn) if encoding.special[token] and name == typed]
    if len(special) == 1:
        return special
    if special:
        raise UserError(f"“{typed[:40]}” stands {len(special)} times in the text. Use * for all tokens, or a word.")
    word = word_named(encoding, typed)
    return [token for token, of in enumerate(encoding.word_of) if of == word]
