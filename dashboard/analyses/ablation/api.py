"""Does a head matter? Ablation for the page, the command line and a notebook (METRICS §7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dashboard.analyses.ablation.effect import CHANGED, Effects, Heads, effect_table, set_columns
from dashboard.analyses.ablation.measure import measure
from dashboard.capture import AttentionModel, untrained_twin
from dashboard.capture.ablate import By, Held
from dashboard.capture.language import language_head
from dashboard.corpus.sample import reference_means, sample
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text, corpus_named
from dashboard.export.provenance import origin, reading
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.heads.untrained import UNTRAINED, beside
from dashboard.heads.view import existing_head
from dashboard.text import Encoding, LeftOut
from dashboard.text.display import vocabulary_labels

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Effect:
    """The effect of ablating each of some heads, or all of them together.

    Attributes
    ----------
    table: a row per head: layer, head; for a joint ablation one row: heads, like ``"L2H9,L5H1"``. Then `loss_change`
        (nats per token) or `shift`, each also with _low and _high (empty for one text), `flips` (language models: the
        share of tokens whose most probable prediction changes), sentences, tokens; see `effect.effect_table`
    measure: "loss_change" if the model has a language-model head, else "shift"
    by: "zero" or "mean"
    loss: the mean loss of the intact model, nats per token; None if it predicts nothing
    changed: for one text and a language model, a row per head and prediction that changes: layer, head (or heads),
        position and token (the target), old and new (the most probable token with the head and without it), and their
        probabilities: p_old, p_new with the head, p_old_ablated, p_new_ablated without it. Otherwise empty
    tokens: for one text, a row per head and measured token: layer, head (or heads), position, token, the measure (its
        mean over a head's rows is the figure in `table`); for a language model also `loss`, the intact model's loss on
        the token, nats; if the tokenizer did not know some characters also `unknown`, 1 for an unknown token. Empty
        for a corpus
    left_out: the sentences of a corpus that could not be used, with the reason
    """

    table: pd.DataFrame
    measure: str
    by: By
    loss: float | None
    changed: pd.DataFrame
    tokens: pd.DataFrame
    left_out: tuple[LeftOut, ...] = ()


def ablate(
    model: AttentionModel,
    text: str | Encoding,
    heads: Iterable[str | HeadId] | None = None,
    *,
    together: bool = False,
    by: By = "zero",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    progress: Progress | None = None,
    held: Held | None = None,
    twin: bool = False,
) -> Effect:
    """Ablate heads on one text (None: all heads), each alone or all together, and return the effect.

    The head's output is replaced before the output projection: by zero, or by its mean (over the tokens of the text;
    in a causal model over the built-in corpus, since the text's own mean would leak later tokens). With a
    language-model head, the effect is the change of the mean next-token (or masked-token) loss, nats per token; above
    0, the model predicts worse without the head. Without one, it is the shift: the mean of 1 − cosine of the last
    vectors with and without the head, over the tokens of the text except special ones.

    Parameters
    ----------
    heads: like ``["L2H9"]``
    together: ablate all of them in one pass. A head's mean is then taken with the earlier ones ablated
    bos, limit, pair: as in `dashboard.attention`
    progress: called with the fraction done and a sentence; an exception it raises stops the work
    held: what has run before of this text (`dashboard.capture.ablate.Held`), for one head after another
    twin: also the effects in the untrained twin (METRICS §10), in columns ``untrained_…`` of the table

    Raises UserError for an empty text, a head that the model does not have, and a model whose attention code is not
    supported.
    """
    wanted = wanted_heads(model, heads)
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    effects = _measure_effects(model, [encoding], _sets(wanted, together), by, bos, progress, keep_each=True, held=held)
    how: dict[str, Any] = {"by": by} | reading(encoding, bos=bos, limit=limit) | _how(together, twin)
    text = encoding.texts[0]
    made = _provenance(model, None if heads is None else wanted, "ablate", Text(text), how, text, how)
    tables = _changed(model, encoding, effects, together), _tokens(encoding, effects, together)
    found = _effect(effects, by, made, together, *tables)
    if not twin:
        return found
    of_twin = ablate(untrained_twin(model), encoding, wanted, together=together, by=by, bos=bos, progress=progress)
    return replace(found, table=with_twin(found.table, of_twin.table))


def ablate_in(
    model: AttentionModel,
    corpus_path: str | Path,
    heads: Iterable[str | HeadId] | None = None,
    *,
    together: bool = False,
    by: By = "zero",
    sentences: int | None = None,
    bos: bool = True,
    progress: Progress | None = None,
    twin: bool = False,
) -> Effect:
    """Like `ablate`, over the sentences of a corpus, one by one, with 95 % intervals over the sentences.

    Parameters
    ----------
    corpus_path: a treebank (.conllu, .conllup, .conll) or plain English text (.txt, UTF-8)
    sentences: how many, evenly spread over the corpus; None for all

    Raises UserError if the file cannot be read, and as `ablate` does.
    """
    wanted = wanted_heads(model, heads)
    encodings, left_out = sample(model, corpus_path, sentences, bos=bos)
    effects = _measure_effects(model, encodings, _sets(wanted, together), by, bos, progress)
    how: dict[str, Any] = (
        {"by": by, "bos": bos} | ({} if sentences is None else {"sentences": sentences}) | _how(together, twin)
    )
    options = how | {"left_out": len(left_out), "corpus": Path(corpus_path).name}
    corpus = corpus_named(corpus_path)
    made = _provenance(model, None if heads is None else wanted, "ablate_in", corpus, how, "", options)
    found = _effect(effects, by, made, together, pd.DataFrame(), pd.DataFrame())
    found = replace(found, left_out=tuple(left_out))
    if not twin:
        return found
    same = {"together": together, "by": by, "sentences": sentences, "bos": bos, "progress": progress}
    of_twin = ablate_in(untrained_twin(model), corpus_path, wanted, **same)
    return replace(found, table=with_twin(found.table, of_twin.table))


def with_twin(table: pd.DataFrame, twin: pd.DataFrame) -> pd.DataFrame:
    """Effects with those of the untrained twin beside them, in columns ``untrained_…``. twin: a table of the same
    heads, with the same measure"""
    measure = "shift" if "shift" in table else "loss_change"
    names = [f"{measure}{end}" for end in ("", "_low", "_high")]
    if "heads" not in table:
        return beside(table, twin, names)
    joined = table.assign(**{UNTRAINED + name: twin[name].to_numpy() for name in names})
    joined.attrs = dict(table.attrs)
    return joined


def provenance_of_effect(effect: Effect) -> Provenance:
    """The provenance of an effect, with the lines of Python that reproduce its table."""
    return Provenance.from_dict(effect.table.attrs["provenance"])


def wanted_heads(model: AttentionModel, heads: Iterable[str | HeadId] | None) -> list[HeadId]:
    """The heads to ablate, in order, each once; None: all. Raises UserError for none at all and for an unknown one."""
    if heads is None:
        return list(model.all_heads)
    wanted = sorted({existing_head(model, head) for head in heads})
    if not wanted:
        raise UserError("There is no head to ablate. Name at least one, like L2H9.")
    return wanted


def _sets(heads: Sequence[HeadId], together: bool) -> list[Heads]:
    """The sets of heads to ablate, one set per pass."""
    return [tuple(heads)] if together else [(one,) for one in heads]


def _how(together: bool, twin: bool) -> dict[str, bool]:
    return ({"together": True} if together else {}) | ({"twin": True} if twin else {})


def _measure_effects(
    model: AttentionModel,
    encodings: Sequence[Encoding],
    sets: Sequence[Heads],
    by: By,
    bos: bool,
    progress: Progress | None,
    *,
    keep_each: bool = False,
    held: Held | None = None,
) -> Effects:
    means = reference_means(model, bos=bos, progress=progress) if by == "mean" and model.predicts_next else None
    begun = time.monotonic()
    over = "the text" if keep_each else counted(len(encodings), "sentences")

    def report(progress: Progress, fraction: float) -> None:
        left = (time.monotonic() - begun) * (1 - fraction) / fraction
        progress(fraction, f"Ablating {counted(sum(map(len, sets)), 'heads')} over {over}{_left(left)}")

    return measure(
        model,
        encodings,
        sets,
        logits=language_head(model),
        by=by,
        means=means,
        keep_each=keep_each,
        held=held,
        progress=partial(report, progress) if progress else None,
    )


def _left(seconds: float) -> str:
    """The time left, in coarse steps so that a log gets few lines."""
    if seconds < 10:
        return ""
    return f", about {10 * round(seconds / 10)} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"


def _effect(
    effects: Effects, by: By, made: Provenance, together: bool, changed: pd.DataFrame, tokens: pd.DataFrame
) -> Effect:
    table = effect_table(effects, together=together)
    table.attrs["provenance"] = made.to_dict()
    return Effect(table, effects.measure, by, effects.mean_loss, changed, tokens)


def _tokens(encoding: Encoding, effects: Effects, together: bool) -> pd.DataFrame:
    """The effect on each measured token, a row per head (or set of heads) and token."""
    [each] = effects.each
    read = np.flatnonzero(~np.isnan(each).any(1))
    many = len(effects.sets)
    repeated = [heads for heads in effects.sets for _ in read]
    found = {
        **set_columns(repeated, together=together),
        "position": np.tile(read, many),
        "token": [encoding.drawn[place] for place in read] * many,
        effects.measure: each[read].T.ravel(),
    }
    if effects.each_loss:
        found["loss"] = np.tile(effects.each_loss[0][read], many)
    if any(encoding.unknown):
        found["unknown"] = np.tile(np.array(encoding.unknown, int)[read], many)
    return pd.DataFrame(found)


def _changed(model: AttentionModel, encoding: Encoding, effects: Effects, together: bool) -> pd.DataFrame:
    """The predictions that change, with readable token labels."""
    rows = sorted(effects.changed)
    found = pd.DataFrame(rows, columns=list(CHANGED)).rename(columns={"token": "position"})
    for name in ("old", "new"):
        found[name] = vocabulary_labels(model.loaded.tokenizer, found[name].astype(int).tolist())
    found.insert(2, "token", [encoding.drawn[place] for place in found["position"]])
    places = {heads: place for place, heads in enumerate(effects.sets)}
    of_sets = pd.DataFrame(set_columns(effects.sets, together=together))
    names = of_sets.iloc[[places[heads] for heads in found.pop("heads")]].reset_index(drop=True)
    return pd.concat([names, found], axis=1)


def _provenance(
    model: AttentionModel,
    heads: Sequence[HeadId] | None,
    verb: str,
    over: Text | Call | str,
    how: dict[str, Any],
    text: str,
    options: dict[str, Any],
) -> Provenance:
    """The provenance of a table: the call of `verb` over a text or a corpus, with its options."""
    of, names = Model.of(model), [str(head) for head in heads or ()]
    effect = Call(verb, (of, over, *([names] if names else [])), how)
    call = Part(effect, "table", makes="table")
    return origin(of, text, "effect", call, heads=names, unit="tokens", options=options)
