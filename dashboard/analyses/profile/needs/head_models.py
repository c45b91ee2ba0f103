"""The models of all heads' attention (METRICS §4), kept to be put in the place of the heads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dashboard.analyses.profile.explained import MODELS as FITTED
from dashboard.analyses.profile.explained import ExplainedStatistics, HeldOut, bits_by_sentence, held_out
from dashboard.analyses.profile.features import CorpusCounts, FeatureSpace, PairFeatures
from dashboard.analyses.profile.gather import DENSE_CELLS, Embeddings, gather
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.bootstrap import intervals
from dashboard.heads.head_id import head_columns
from dashboard.text import Encoding, LeftOut, ParsedSentence
from dashboard.text.corpus_file import reader_of

EVEN = "even"
OF = {"position": "pos", "position_syntax": "pos_syn", "position_context": "pos_ctx", "all": "all"}
"""The models by name, and what `dashboard.analyses.profile.explained` calls them."""
MODELS = (EVEN, *OF)
"""What takes a head's place: an even spread over the other words, the baseline, and its own models."""

Read = tuple[ParsedSentence, Encoding]
Tell = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class HeadModels:
    """The models of H heads, fitted on the even sentences of a corpus and on the odd.

    Attributes
    ----------
    space: of the features
    theta: by name (without "even") θ of the even half and of the odd: float64 (2, columns, H)
    embeddings: of the model, for the cosine of two words
    """

    space: FeatureSpace
    theta: Mapping[str, np.ndarray]
    embeddings: Embeddings

    def features(self, sentence: ParsedSentence, encoding: Encoding) -> PairFeatures:
        """Those of a sentence's m words."""
        return self.space.pairs(sentence, self.embeddings.words(encoding))

    def shares(self, features: PairFeatures, index: int, heads: slice, *, causal: bool) -> torch.Tensor:
        """p(j | i) of some heads over a sentence, by the models of the half that it is not in: float32 (G, h, m, m).

        Rows i, columns j; G: `MODELS`. In a causal model only words before i have a share; a word without any has none.

        Parameters
        ----------
        index: the sentence's place in its file, which says in which half it is
        """
        m, half = features.m, 1 - index % 2
        count = len(range(*heads.indices(next(iter(self.theta.values())).shape[2])))
        place = torch.arange(m)
        candidate = place < place[:, None] if causal else place != place[:, None]
        found = torch.zeros(len(MODELS), m, m, count)
        rows = max(1, DENSE_CELLS // (m * len(self.space)))
        for start in range(0, m, rows):
            some = slice(start, min(start + rows, m))
            dense = torch.from_numpy(self.space.dense(features, some)).double()
            hidden = ~candidate[some, :, None]
            for at, name in enumerate(MODELS):
                scores = torch.zeros(len(dense), count, dtype=torch.float64)
                if name != EVEN:
                    columns = self.space.columns(*FITTED[OF[name]])
                    scores = dense[:, columns] @ torch.from_numpy(self.theta[name][half][:, heads])
                scores = scores.view(-1, m, count).masked_fill(hidden, float("-inf"))
                found[at, some] = scores.softmax(1).nan_to_num(0.0).float()
        return found.permute(0, 3, 1, 2)

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Plain values and arrays, from which `of_arrays` makes it again."""
        space = self.space
        about = {"relations": space.relations, "lemmas": dict(space.lemmas), "total": space.total}
        return about, {f"theta_{name}": theta for name, theta in self.theta.items()}

    @classmethod
    def of_arrays(cls, model: AttentionModel, about: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> HeadModels:
        """From what `to_arrays` gave. Raises KeyError where something is missing."""
        space = FeatureSpace(tuple(about["relations"]), Counter(about["lemmas"]), int(about["total"]))
        return cls(space, {name: arrays[f"theta_{name}"] for name in OF}, Embeddings(model))


def fitted(
    model: AttentionModel, path: Path, used: Sequence[Read], bos: bool, tell: Tell
) -> tuple[HeadModels, pd.DataFrame, list[int], list[LeftOut]]:
    """The models of all heads over a corpus, what they explain (`bits_table`), the indices of the sentences that they
    were fitted on, and those left out. used: of `parsed_sample`, of the whole corpus

    Raises UserError where the file cannot be read or one half of it has no sentence of 4 words.
    """
    counts = CorpusCounts.of(sentence for sentence, _ in used)
    space = FeatureSpace.of(counts)
    statistics: list[ExplainedStatistics] = []
    left_out: list[LeftOut] = []
    for done, one in enumerate(gather(model, reader_of(path)(path), space, bos=bos), 1):
        if isinstance(one, LeftOut):
            left_out.append(one)
        else:
            statistics.append(one.explained)
        if done % 16 == 0:
            tell(0.5 * min(1.0, done / len(used)), f"Reading {done:,} of {len(used):,} sentences")
    tell(0.5, "Fitting position, syntax and context")
    found = held_out(statistics, space, len(model.all_heads), model.causal)
    if not found.theta:
        raise UserError(
            f"{path.name} has too few sentences: its even and its odd ones each need one of 4 words. Choose a longer "
            "file."
        )
    theta = {name: np.stack([half.numpy() for half in found.theta[of]]) for name, of in OF.items()}
    indices = [one.index for one in statistics]
    return HeadModels(space, theta, Embeddings(model)), bits_table(model, found), indices, left_out


def bits_table(model: AttentionModel, found: HeldOut) -> pd.DataFrame:
    """A row per head: layer, head, queries, active (METRICS §4), then in bits per query word, held out, each with _low
    and _high: bits_total; of each model bits_position …, what it explains beyond an even spread; bits_syntax and
    bits_context, what only the parse and only meaning explain.
    """
    sums, parts = found.sums, bits_by_sentence(found)
    sizes = sums.queries.sum(0, dtype=np.float64)
    each = {"total": parts["total"]} | {name: sums.even - found.entropies[of] for name, of in OF.items()}
    each |= {name: parts[name] for name in ("syntax", "context")}
    with np.errstate(invalid="ignore", divide="ignore"):
        table = {**head_columns(model.all_heads), "queries": sizes.astype(int), "active": sums.active.sum(0) / sizes}
        for name, bits in each.items():
            table[f"bits_{name}"] = bits.sum(0, dtype=np.float64) / sizes
            table[f"bits_{name}_low"], table[f"bits_{name}_high"] = intervals(bits, sums.queries)
    return pd.DataFrame(table)
