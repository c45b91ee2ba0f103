"""Edit attention and see what the model then says. For the command line and a notebook.

found = edit(model, "The chef who trained in Osaka says", ["L9H4:says>chef"], rival=" is")
found.next                                        # the next token: p, logit and rank, without the edits and with them
save(found.table, "edit.csv")                     # a row per token of the text
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from dashboard.analyses.edit.effect import Edited, losses_of, next_token, shifts_of
from dashboard.analyses.edit.typed import edits_of
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import Held
from dashboard.capture.interventions import CUTS, edited_vectors
from dashboard.capture.language import language_head
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text
from dashboard.export.provenance import origin, reading
from dashboard.heads.continuation import first_of, last_of
from dashboard.heads.head_id import HeadId
from dashboard.text import Encoding


def edit(
    model: AttentionModel,
    text: str | Encoding,
    cuts: Sequence[str],
    *,
    row: Literal["renormalised", "left"] = "renormalised",
    answer: str = "",
    rival: str = "",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    held: Held | None = None,
    known: Edited | None = None,
) -> Edited:
    """Cut links of heads, or replace rows of their attention, and measure what changes (METRICS §9).

    A cut link's weight becomes 0 before the values are mixed: out_i = Σ_j A'_ij v_j with A'_ij = 0. All edits are made
    in one pass. Only what comes after the first edited layer is computed again. The effect is m(edited) − m(as it is):
    of a causal language model the loss of each token (nats) and the logits of the next token, of any other model the
    shift of each token's last vector, 1 − cosine in [0, 2].

    Parameters
    ----------
    cuts: like ``["L2H9:says>chef"]``: head, query word, key word; a word that stands several times by its number, from
        0; a special token as it is drawn, like [SEP]; * for all tokens. ``"L2H9:says=uniform"`` replaces the row of a
        word: by uniform weights, or by the previous position, self, or the first position alone
    row: what becomes of the rest of a row with a cut: "renormalised" (divided by its sum, as if the mask had hidden the
        key) or "left" (the head adds less)
    answer, rival: two continuations of the text, of which the first token each is compared; "" for the most probable
        next token, and for the most probable other one
    bos, limit, pair: as in `dashboard.attention`
    held, known: what has run before of this text (`dashboard.capture.ablate.Held`), and what an earlier edit of it by
        this model found, for one edit after another

    Raises UserError for an empty list, what is not an edit, a word or a head that does not exist, a link that a causal
    model cannot see, and a model whose attention code is not supported.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    if not cuts:
        raise UserError("There is nothing to cut. Name a link, like L2H9:says>chef.")
    if isinstance(cuts, str):
        cuts = [cuts]
    edits = edits_of(model, encoding, cuts, row)
    logits = language_head(model) if model.predicts_next else None
    how = reading(encoding, bos=bos, limit=limit)
    last = last_of(encoding)
    wanted = [
        first_of(model, encoding, typed, bos=bos, predicts=logits is not None) if typed else None
        for typed in (answer, rival)
    ]
    if wanted[0] is not None and wanted[0] == wanted[1]:
        raise UserError(f"“{answer}” and “{rival}” begin with the same token. Choose another rival.")
    before, [after] = edited_vectors(model, encoding, [edits], held)
    if logits is None:
        table, following = shifts_of(encoding, before, after), pd.DataFrame()
    else:
        table, ends = losses_of(encoding, logits, before, after, last, None if known is None else known.losses)
        following = next_token(model, ends, *wanted)
    found = Edited(
        table,
        following,
        "shift" if logits is None else "loss_change",
        tuple(one.strip() for one in cuts),
        row,
        any(one.way in CUTS for one in edits),
        not bool((before == after).all()),
        model.name,
        model.revision,
        model.title,
        encoding.texts[0],
        encoding,
        model.source_text or encoding,
        how,
        answer,
        rival,
        0 if logits is None else logits.vocabulary,
        *model.read_beside,
    )
    found.table.attrs["provenance"] = provenance_of_edit(found).to_dict()
    found.next.attrs["provenance"] = provenance_of_edit(found, "next").to_dict()
    return found


def provenance_of_edit(found: Edited, which: Literal["table", "next"] = "table") -> Provenance:
    """The provenance of one of the two tables."""
    heads = dict.fromkeys(HeadId.parse(one.partition(":")[0].strip()) for one in found.edits)
    made, options = call_of(found)
    made = replace(made, to="")
    of = Model.kept(found)
    return origin(of, found.text, "edit", Part(made, which, "table"), heads=heads, unit="tokens", options=options)


def call_of(found: Edited) -> tuple[Call, dict[str, Any]]:
    """The call that makes it again, and its options."""
    of = Model.kept(found)
    how: dict[str, Any] = {"row": found.row} if found.row != "renormalised" else {}
    how |= {name: value for name, value in (("answer", found.answer), ("rival", found.rival)) if value}
    how |= dict(found.reading)
    made = Call("edit", (of, Text(found.text), list(found.edits)), how, to="found")
    return made, {"edits": list(found.edits), "row": found.row} | how
