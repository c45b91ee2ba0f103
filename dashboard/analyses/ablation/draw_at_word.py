"""Ablate heads and look at one word of a text. For the page and for a notebook.

found = ablate_at_word(model, "The keys to the cabinet are on the table.", "L7H2", 5, rival="is")
found.table                                       # a row per candidate: p and rank, with the head and without it
save(draw_at_word(found), "are-or-is.svg")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.analyses.ablation.api import Progress, wanted_heads
from dashboard.analyses.ablation.at_word import AblationAtWord, Predictions, at_word
from dashboard.analyses.ablation.at_word_chart import at_word_chart
from dashboard.capture import AttentionModel
from dashboard.capture.ablate import By, Held
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.corpus.sample import reference_means
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text, given
from dashboard.export.provenance import origin, reading
from dashboard.heads.head_id import HeadId
from dashboard.text import Encoding
from dashboard.text.word_named import word_named


def predictions_without(
    model: AttentionModel,
    encoding: Encoding,
    heads: Sequence[str | HeadId],
    *,
    by: By = "zero",
    bos: bool = True,
    progress: Progress | None = None,
    held: Held | None = None,
) -> Predictions:
    """What the model predicts at each token, with some heads and without them, to be read word by word."""
    means = reference_means(model, bos=bos, progress=progress) if by == "mean" and model.predicts_next else None
    return Predictions(model, encoding, tuple(wanted_heads(model, heads)), by, means, held)


def ablate_at_word(
    model: AttentionModel,
    text: str | Encoding,
    head: str | HeadId | Sequence[str | HeadId],
    word: int | str,
    *,
    rival: str = "",
    by: By = "zero",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    progress: Progress | None = None,
) -> AblationAtWord:
    """Ablate one head, or several together, and compare the prediction in the place of one word with and without.

    p = softmax of the logits in the place of the word: after the tokens before it in a causal model, else where its
    token is masked. Of a word of several tokens the first is predicted. rank = 1 + the number of tokens with a larger
    logit.

    Parameters
    ----------
    head: like "L2H9"; several are ablated together
    word: which of the text's words: its number, from 0, or the word itself where the text has it once
    rival: a word to compare with, written in the same place; "" for the most probable token other than the word's
    by, bos, limit, pair, progress: as in `dashboard.ablate`

    Raises UserError as `dashboard.ablate` does; for a model that predicts no words, a word that does not exist or that
    nothing comes before, and a rival without a first token of its own.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    heads = [head] if isinstance(head, str | HeadId) else list(head)
    predictions = predictions_without(model, encoding, heads, by=by, bos=bos, progress=progress)
    place = word if isinstance(word, int) else word_named(encoding, word)
    found = at_word(predictions, place, rival, reading=reading(encoding, bos=bos, limit=limit))
    found.table.attrs["provenance"] = provenance_at_word(found).to_dict()
    return found


def draw_at_word(found: AblationAtWord, *, theme: Theme = "light", width: float | None = None) -> Drawing:
    """Draw the candidates in the place of the word: a bar with the head, and below it one without.

    found: from `ablate_at_word`; theme, width: as in `draw`
    """
    made = provenance_at_word(found, theme=theme, width=width)
    return at_word_chart(found, Look(theme, width)).made_of(made)


def provenance_at_word(found: AblationAtWord, **drawing: object) -> Provenance:
    """The provenance of the table, or (`drawing`: the arguments of `draw_at_word`) of its picture."""
    look, of = given(**drawing), Model.kept(found)
    heads = [str(head) for head in found.heads]
    how = {"rival": found.rival, "by": found.by} | dict(found.reading)
    if not found.rival:
        del how["rival"]
    made = Call("ablate_at_word", (of, Text(found.text), heads if len(heads) > 1 else heads[0], found.place), how)
    call = Call("draw_at_word", (replace(made, to="found"),), look, "figure") if look else Part(made, "table", "table")
    options = {"word": found.place} | how | look
    return origin(of, found.text, "at-word", call, heads=heads, unit="tokens", options=options)
