"""Queries and keys of a corpus in one plane, for the page and for notebooks.

vectors = query_keys(open_model("minilm"))
save(draw_query_keys(vectors, "L2H0", by="relation"), "L2H0.svg")          query_key_table(vectors, "L2H0")
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from dashboard.analyses.query_key.biplot import QueryKeyMap, query_key_map
from dashboard.analyses.query_key.chart import BY, query_key_chart
from dashboard.analyses.query_key.text import plane_finding
from dashboard.analyses.query_key.vectors import CorpusVectors, corpus_vectors
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look
from dashboard.charts.theme import Theme
from dashboard.corpus.builtin import builtin_corpus
from dashboard.corpus.read_twice import parsed_sample_twice, part_for_corpus
from dashboard.corpus.sample import parsed_sample, spread
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model
from dashboard.export.provenance import origin
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId, Part, heads_by_layer

SENTENCES = 24


def query_keys(
    model: AttentionModel,
    corpus: str | Path | None = None,
    *,
    sentences: int = SENTENCES,
    part: Part = "",
    bos: bool = True,
) -> CorpusVectors:
    """Queries and keys of all heads at the words of some sentences, special tokens left out.

    Parameters
    ----------
    corpus: a treebank (.conllu, .conllup, .conll) or an English text (.txt); None for the built-in sentences
    sentences: the number of sentences, evenly spread; bos: as in `attention`
    part: of an encoder–decoder "decoder" or "cross" (default: its encoder). The decoder reads each sentence as its
        target, beside the same sentence as its source; of cross attention queries are of the target, keys of the source

    Raises UserError where the corpus or the model's queries and keys cannot be read, and for a part that the model does
    not have.
    """
    model = part_for_corpus(model, part)
    path = Path(corpus) if corpus is not None else builtin_corpus()
    twice = model.part in ("decoder", "cross")
    if twice:
        both, left_out = parsed_sample_twice(model, path, bos=bos)
        every, beside = ([(one.sentence, encoding) for one, encoding in texts] for texts in zip(*both, strict=True))
    else:
        every, left_out = parsed_sample(model, path, bos=bos)
        beside = []
    counts = Counter(key for sentence, _ in every for key in sentence.keys)
    sources = spread(beside, sentences) if twice else None
    tokens, of_keys, layers = corpus_vectors(model, spread(every, sentences), counts, sources)
    reading = {} if corpus is None else {"corpus": str(corpus)}
    reading |= {"sentences": sentences, "bos": bos} | ({"part": model.part} if twice else {})
    about = (path.name, len(left_out), model.title, model.name, model.revision, reading)
    return CorpusVectors(tokens, layers, model.causal, *about, of_keys)


def query_key_table(of: CorpusVectors, head: str | HeadId) -> pd.DataFrame:
    """One head's queries and keys in the plane that keeps most of its scores, a row per point; see
    `biplot.QueryKeyMap.table`. Raises UserError where there is no such head."""
    found = plane_of(of, head)
    found.table.attrs["provenance"] = origin_of_plane(found).to_dict()
    return found.table


def draw_query_keys(
    of: CorpusVectors, head: str | HeadId, *, by: str = "upos", theme: Theme = "light", width: float | None = None
) -> Drawing:
    """The plane of one head, its points coloured by "upos", "relation", "position" or "frequency".

    Raises UserError where there is no such head, or the points cannot be coloured so.
    """
    if by not in BY:
        raise UserError(f"Points are coloured by {', '.join(BY)}, not by “{by}”. Choose one of these.")
    return draw_plane(plane_of(of, head), by=by, theme=theme, width=width)


def plane_of(of: CorpusVectors, head: str | HeadId) -> QueryKeyMap:
    """The plane of one head. Raises UserError where there is no such head."""
    wanted = HeadId.of(head)
    every = heads_by_layer({layer: len(one.q) for layer, one in of.layers.items()}, of.part)
    if wanted not in every:
        raise UserError(f"There is no head {wanted}. The last one is {every[-1]}.")
    return query_key_map(of, wanted)


def draw_plane(found: QueryKeyMap, *, by: str = "upos", theme: Theme = "light", width: float | None = None) -> Drawing:
    """As `draw_query_keys`, for a plane that is already computed."""
    of = found.of
    many = len(of.sentences)
    source = (
        f"{counted(many, 'sentences')} of {of.corpus}"
        if "corpus" in of.reading
        else counted(many, "built-in sentences")
    )
    twice = ", each as source and target" if of.part else ""
    over = f"{counted(len(of.tokens), 'tokens')} of {source}{twice}"
    chart = query_key_chart(
        found,
        Look(theme, width),
        by=by,
        title=f"Queries and keys of {found.head} · {of.model}",
        subtitle=[
            f"coloured by {BY[by]} · {over}",
            "a key far from the cross in the direction of a query has a high score",
        ],
        description=plane_finding(found),
    )
    return chart.made_of(origin_of_plane(found, by=by, theme=theme, width=width))


def origin_of_plane(found: QueryKeyMap, **drawing: object) -> Provenance:
    """Where the table comes from, or (`drawing`: the arguments of `draw_query_keys`) the picture of it."""
    of, head = found.of, str(found.head)
    look = {name: value for name, value in drawing.items() if value}
    model = Model(of.name, of.revision, of.model)
    vectors = Call("query_keys", (model,), of.reading, to="vectors")
    if look:
        call = Call("draw_query_keys", (vectors, head), look, makes="figure")
    else:
        call = Call("query_key_table", (vectors, head), makes="table")
    options = {"corpus": of.corpus, **of.reading} | look
    return origin(model, "", "queries", call, heads=(head,), unit="tokens", special="hide", options=options)
