"""Direct logit attribution of heads, and whether they copy: for the page and a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from dashboard.analyses.logit_attribution.chart import attribution_chart
from dashboard.analyses.logit_attribution.components_chart import components_chart
from dashboard.analyses.logit_attribution.copying import copying_table
from dashboard.analyses.logit_attribution.direct import Attribution, DirectPath, direct_attribution, direct_path
from dashboard.analyses.logit_attribution.parts import LogitParts, parts_table, stream_parts
from dashboard.capture import AttentionModel
from dashboard.capture.added import factors
from dashboard.capture.layer_trace import layer_run
from dashboard.capture.unembedding import unembedding
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.corpus.builtin import builtin_corpus
from dashboard.corpus.sample import sample
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Made, Model, Part, Text, given
from dashboard.export.provenance import origin, reading
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import existing_head
from dashboard.text import Encoding, LeftOut
from dashboard.text.display import vocabulary_labels

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Copying:
    """The copying scores of some heads.

    table: a row per head, see `copying.copying_table`; left_out: the sentences that could not be used
    """

    table: pd.DataFrame
    left_out: tuple[LeftOut, ...] = ()


def logit_attribution(
    model: AttentionModel,
    text: str | Encoding,
    head: str | HeadId,
    query: int,
    *,
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
) -> Attribution:
    """The next tokens whose logits a head raises and lowers most at one token, and the keys that it attends to.

    What the head adds to the residual stream, (Σ_j A[i, j] v_j) W_O, goes through the final norm, with its scale frozen
    to that of the intact stream at that token, and the unembedding. This gives the change of every logit, in logits.

    Parameters
    ----------
    query: the token, from 0, after which the model predicts
    bos, limit, pair: as in `dashboard.attention`

    Raises UserError: empty text, no such head or token, a model that predicts no next token, or one whose path from the
    heads to the logits cannot be identified.
    """
    wanted = existing_head(model, head)
    encoding, how = _read(model, text, bos, limit, pair)
    path = _path(model, encoding)
    run = layer_run(model, encoding, wanted.layer)
    found = direct_attribution(path, model, encoding, run, run.parts(), wanted.head, query, how)
    found.table.attrs["provenance"] = provenance_of_attribution(found).to_dict()
    return found


def logit_components(
    model: AttentionModel,
    text: str | Encoding,
    query: int,
    piece: int | None = None,
    *,
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
) -> LogitParts:
    """The direct contribution of the embedding and of every head, bias and feed-forward part to one next token's logit.

    piece: the token's id in the vocabulary; None for the most probable one. Of a decoder from `of_part`, whose text is
    the target, the heads of self attention and of cross attention are both among the parts. Otherwise like
    `logit_attribution`.
    """
    encoding, how = _read(model, text, bos, limit, pair)
    path = _path(model, encoding)
    table, found = parts_table(path, stream_parts(model, encoding, query), query, piece)
    label = vocabulary_labels(model.loaded.tokenizer, [found])[0]
    about = (model.title, model.name, model.revision, how, *model.read_beside)
    parts = LogitParts(table, found, label, query, encoding.drawn[query], encoding.texts[0], *about)
    table.attrs["provenance"] = provenance_of_components(parts).to_dict()
    return parts


def copying(
    model: AttentionModel,
    heads: Iterable[str | HeadId] | None = None,
    *,
    sentences: int | None = None,
    bos: bool = True,
    progress: Progress | None = None,
) -> Copying:
    """The copying scores of some heads (None: of all) over the built-in English sentences (METRICS §8).

    The score is the share of tokens t that are among the 1 % of vocabulary tokens whose logits v = E[t] W_V W_O raises
    most; the baseline is the same for the token at the next position. Both with 95 % intervals. See `copying`.

    Parameters
    ----------
    sentences: how many, evenly spread; None for all
    progress: called with the fraction done and a sentence; an exception it raises stops the work

    Raises UserError as `logit_attribution` does, and for a decoder with a source.
    """
    if model.given is not None:
        raise UserError("Whether heads copy is measured of models without an encoder. Choose a causal language model.")
    wanted = None if heads is None else [existing_head(model, head) for head in heads]
    selected = model.all_heads if wanted is None else wanted
    encodings, left_out = sample(model, builtin_corpus(), sentences, bos=bos)
    found = unembedding(model, encodings[0])
    if found is None:
        raise no_predictions(model)
    factors(model, encodings[0])  # raises if heads do not add to the stream directly

    def report(done: int) -> None:
        if progress:
            progress(done / len(selected), f"{done:,} of {counted(len(selected), 'heads')}")

    table = copying_table(found, model, encodings, selected, report)
    names = None if wanted is None else [str(head) for head in wanted]
    of, how = Model.of(model), given(heads=names, sentences=sentences, bos=bos)
    again = Part(Call("copying", (of,), how), "table", makes="table")
    options = how | {"corpus": builtin_corpus().name}
    table.attrs["provenance"] = _origin(of, "", "copying", again, options, heads=names or ()).to_dict()
    return Copying(table, tuple(left_out))


def draw_logit_attribution(found: Attribution, *, theme: Theme = "light", width: float | None = None) -> Drawing:
    """Draw the logit attribution of a head as bars: raised tokens to the right in green, lowered ones to the left in
    purple, and next to them its keys, in ink. found: from `logit_attribution`; theme, width: as in `draw`."""
    made = provenance_of_attribution(found, theme=theme, width=width)
    return attribution_chart(found, Look(theme, width)).made_of(made)


def draw_logit_components(
    found: LogitParts, *, epoch: int | None = None, theme: Theme = "light", width: float | None = None
) -> Drawing:
    """Draw which heads raise and lower one token's logit most, and the sums of all other parts, as bars.

    found: from `logit_components`; epoch: if given, a click chooses a head; theme, width: as in `draw`
    """
    made = provenance_of_components(found, theme=theme, width=width)
    return components_chart(found, Look(theme, width), epoch).made_of(made)


def provenance_of_components(found: LogitParts, **drawing: object) -> Provenance:
    """The provenance of the table, or (`drawing`: the arguments of `draw_logit_components`) of its picture."""
    look, of = given(**drawing), Model.kept(found)
    options = {"query": found.query, "piece": found.piece, **found.reading}
    made = Call("logit_components", (of, Text(found.text)), options, to="found")
    again = Call("draw_logit_components", (made,), look, "figure") if look else Part(made, "table", "table")
    return _origin(of, found.text, "logit-parts", again, options | look)


def provenance_of_attribution(found: Attribution, **drawing: object) -> Provenance:
    """The provenance of the table, or (`drawing`: the arguments of `draw_logit_attribution`) of its picture."""
    look, of, head = given(**drawing), Model.kept(found), str(found.head)
    made = Call("logit_attribution", (of, Text(found.text), head, found.query), found.reading, to="found")
    again = Call("draw_logit_attribution", (made,), look, "figure") if look else Part(made, "table", "table")
    options = {"query": found.query, **found.reading, **look}
    return _origin(of, found.text, "writes", again, options, heads=(head,))


def no_predictions(model: AttentionModel) -> UserError:
    """The error for a model that predicts no next token."""
    return UserError(
        f"{model.title} predicts no next word, so its heads have no effect on logits. Choose a causal language "
        "model, like smollm2."
    )


def _path(model: AttentionModel, encoding: Encoding) -> DirectPath:
    path = direct_path(model, encoding)
    if path is None:
        raise no_predictions(model)
    return path


def _read(
    model: AttentionModel, text: str | Encoding, bos: bool, limit: int | None, pair: str | None
) -> tuple[Encoding, dict]:
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    return encoding, reading(encoding, bos=bos, limit=limit)


def _origin(model: Model, text: str, view: str, call: Made, options: dict, *, heads: Iterable[str] = ()) -> Provenance:
    return origin(model, text, view, call, heads=heads, unit="tokens", options=options)
