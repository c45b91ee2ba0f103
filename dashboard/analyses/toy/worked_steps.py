"""The toy's steps as matrices with names along their sides, for its pictures and tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from dashboard.analyses.toy.example import Example
from dashboard.builtin.attention import Steps
from dashboard.charts.labels import labels_of
from dashboard.heads.format import percent

STEPS: dict[str, str] = {
    "x": "Words",
    "q": "Queries",
    "k": "Keys",
    "v": "Values",
    "scores": "Scores",
    "scaled": "Scaled",
    "masked": "Masked",
    "weights": "Softmax",
    "mixed": "Mixed values",
    "joined": "Heads joined",
}


@dataclass(frozen=True, eq=False)
class Part:
    """One matrix.

    Attributes
    ----------
    name, title, formula: "scores", "Scores", "Q · Kᵀ"
    values: (rows, columns); −∞ where the mask hides a cell
    rows, columns: names along its sides, ready for a chart
    kind: matrices of one kind share a scale; "shares" are weights in [0, 1], the others are signed
    words: whether the columns are words too
    """

    name: str
    title: str
    formula: str
    values: np.ndarray
    rows: list[str]
    columns: list[str]
    kind: str
    words: bool = False

    @property
    def shape(self) -> str:
        return f"{len(self.rows)} × {len(self.columns)}"


@dataclass(frozen=True, eq=False)
class Toy:
    """The toy step by step: every matrix of one head, and the steps that they come from."""

    example: Example
    head: int
    steps: Steps
    parts: dict[str, Part]
    names: list[str]

    @property
    def d(self) -> int:
        """Numbers in a query."""
        return self.steps.q.shape[-1]

    @property
    def available_steps(self) -> list[str]:
        """The steps of this example; "joined" only with two heads."""
        return [step for step in STEPS if step != "joined" or self.example.heads > 1]


@lru_cache(maxsize=32)
def work_through(example: Example, head: int = 0) -> Toy:
    """Every step of one head (counted from 0). Raises UserError that names a cell that is no number."""
    whole = example.steps()
    head = min(max(head, 0), example.heads - 1)
    steps = whole.head(head)
    d, names = steps.q.shape[-1], labels_of(example.words)

    def numbered(count: int) -> list[str]:
        return [str(k + 1) for k in range(count)]

    def matrix(name: str, title: str, formula: str, values, kind: str, words: bool = False, rows=names) -> Part:
        values = np.asarray(values, float)
        return Part(name, title, formula, values, rows, names if words else numbered(values.shape[1]), kind, words)

    def weights_of(name: str, title: str) -> Part:
        table = np.asarray(getattr(example, name), float)[:, head * d : (head + 1) * d]
        return matrix(name, title, "", table, name, rows=numbered(len(table)))

    factor = f"÷ √{d}" if example.scaled else "not divided: no 1/√d"
    mask = "no word sees a later one" if example.causal else "nothing is hidden"
    made = [
        matrix("x", "X", "the words", steps.x, "x"),
        weights_of("w_q", "W_Q"),
        weights_of("w_k", "W_K"),
        weights_of("w_v", "W_V"),
        matrix("q", "Q", "X · W_Q", steps.q, "q"),
        matrix("k", "K", "X · W_K", steps.k, "k"),
        matrix("kt", "Kᵀ", "K, turned", steps.k.mT, "k", words=True, rows=numbered(d)),
        matrix("v", "V", "X · W_V", steps.v, "v"),
        matrix("scores", "Scores", "Q · Kᵀ", steps.scores, "scores", words=True),
        matrix("scaled", "Scaled", factor, steps.scaled, "scores", words=True),
        matrix("masked", "Masked", mask, steps.masked, "scores", words=True),
        matrix("weights", "Softmax", "each row sums to 100 %", steps.weights, "shares", words=True),
        matrix("mixed", "Mixed values", "softmax · V", steps.mixed, "v"),
        *(matrix(f"mixed{k}", f"Head {k}", "softmax · V", whole.head(k).mixed, "v") for k in range(example.heads)),
        matrix("joined", "Heads joined", "side by side", whole.joined, "v"),
    ]
    return Toy(example, head, steps, {part.name: part for part in made}, names)


def table(toy: Toy, step: str = "all") -> pd.DataFrame:
    """The numbers of a step, or of all of them: columns step, head, row, column, value (empty where masked).

    row and column are words, or places of numbers in a vector, from 1.
    """
    rows = [
        {
            "step": name,
            "head": None if name in ("x", "joined") else toy.head,
            "row": row,
            "column": column,
            "value": float(value) if np.isfinite(value) else None,
        }
        for name in (toy.available_steps if step == "all" else [step])
        for row, values in zip(toy.parts[name].rows, toy.parts[name].values, strict=True)
        for column, value in zip(toy.parts[name].columns, values, strict=True)
    ]
    return pd.DataFrame(rows).astype({"value": float})


def number(value: float) -> str:
    """A number as written in a cell: three digits, a true minus sign; −∞ where masked."""
    if value == -np.inf:
        return "−∞"
    rounded = round(value, 2)
    short = f"{rounded:.2f}" if abs(value) < 100 else f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    return short.replace("-", "−") if rounded or abs(value) >= 100 else "0.00"


def saying(toy: Toy, row: int) -> str:
    """Where a word looks, in a sentence: the finding of the toy."""
    weights = toy.parts["weights"].values[row]
    order = np.argsort(-weights, kind="stable")
    first = f"“{toy.names[row]}” looks most at “{toy.names[order[0]]}” ({percent(weights[order[0]])})"
    if len(order) == 1:
        return f"“{toy.names[row]}” is alone and looks at itself."
    if weights[order[0]] - weights[order[-1]] < 1e-9:
        return f"“{toy.names[row]}” looks at all words equally: {percent(weights[0])} each."
    if weights[order[1]] < 0.005:
        return f"{first} and hardly anywhere else."
    return f"{first}, then at “{toy.names[order[1]]}” ({percent(weights[order[1]])})."


def arithmetic(toy: Toy, step: str, row: int) -> str:
    """The computation of one number of this step, for the chosen word, in one line."""
    word, p = f"“{toy.names[row]}”", toy.parts
    best = int(np.argmax(p["weights"].values[row]))
    to = f"“{toy.names[best]}”"
    if step == "x":
        return f"{word} is the vector ({_list(p['x'].values[row])})."
    if step in ("q", "k", "v"):
        w = p[f"w_{step}"]
        sum_ = _products(p["x"].values[row], w.values[:, 0])
        what = {"q": "query", "k": "key", "v": "value"}[step]
        return f"First number of the {what} of {word}: {sum_} = {number(p[step].values[row, 0])}."
    score, scaled, masked = (p[name].values[row, best] for name in ("scores", "scaled", "masked"))
    if step == "scores":
        sum_ = _products(p["q"].values[row], p["k"].values[best])
        return f"Query of {word} · key of {to}: {sum_} = {number(score)}."
    if step == "scaled":
        factor = f"÷ √{toy.d}" if toy.example.scaled else "unchanged"
        return f"{word} → {to}: {number(score)} {factor} = {number(scaled)}."
    if step == "masked":
        hidden = int((p["masked"].values[row] == -np.inf).sum())
        seen = f"{word} may look at {len(toy.names) - hidden} of {len(toy.names)} words"
        return f"{seen}; the later ones become −∞." if hidden else f"{seen}: nothing is hidden."
    if step in ("all", "weights"):
        seen = [value for value in p["masked"].values[row] if value != -np.inf]
        row_sum = " + ".join(f"e^{number(value)}" for value in seen)
        share = percent(p["weights"].values[row, best])
        return f"{word} → {to}: e^{number(masked)} ÷ ({row_sum}) = {share}."
    if step == "mixed":
        sum_ = _products(p["weights"].values[row], p["v"].values[:, 0])
        return f"First number of the mixed value of {word}: {sum_} = {number(p['mixed'].values[row, 0])}."
    return f"{word} gets ({_list(p['joined'].values[row])}): the result of head 0, then that of head 1."


def _products(a: np.ndarray, b: np.ndarray) -> str:
    return " + ".join(f"{_signed(x)}·{_signed(y)}" for x, y in zip(a, b, strict=True))


def _signed(value: float) -> str:
    return number(value) if value >= 0 or number(value) == "0.00" else f"({number(value)})"


def _list(values: np.ndarray) -> str:
    return ", ".join(map(number, values))
