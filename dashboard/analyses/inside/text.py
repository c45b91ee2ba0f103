"""Each step of a head in words: its title, its formula, one sentence, and the arithmetic of one row."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dashboard.analyses.inside.steps import Inside, QueryRow, StepMap
from dashboard.heads.format import number, percent, quoted

TITLES: Mapping[str, str] = {
    "x": "X",
    "q": "Queries",
    "k": "Keys",
    "v": "Values",
    "scores": "Scores",
    "scaled": "Scaled",
    "masked": "Masked",
    "weights": "Softmax",
    "mixed": "Mixed values",
    "joined": "Heads joined",
    "output": "Output",
}


def apart(value: float) -> str:
    """A difference from the model's own numbers: 1.2e-07 as 1.2·10⁻⁷, 0 as 0."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "more than can be said"
    digits, power = f"{value:.1e}".split("e")
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits}·10{raised}"


def factor(this: Inside) -> str:
    """The factor of the scores: “÷ √32”, or “· 0.05” in a model with its own factor."""
    return f"÷ √{this.d}" if math.isclose(this.run.scale, this.d**-0.5, rel_tol=1e-6) else f"· {this.run.scale:.3g}"


def formula(this: Inside, step: str) -> str:
    """The formula of a step."""
    run = this.run
    layer = run.layer
    projected = {"q": "W_Q", "k": "W_K", "v": "W_V"}
    if step in projected:
        if layer is None:
            return "as the model has them"
        bias = " + b" if not isinstance(getattr(layer, f"b_{step}"), float) else ""
        turned = ", turned by position" if layer.rotate is not None and step != "v" else ""
        return f"X · {projected[step]}{bias}{turned}"
    return {
        "x": "what the layer reads",
        "scores": "Q · Kᵀ",
        "scaled": f"scores {factor(this)}",
        "masked": _masked(this),
        "weights": "exp(score) ÷ row’s sum",
        "mixed": "softmax · V",
        "joined": f"all {this.heads} heads side by side" if this.heads > 1 else "the only head",
        "output": "joined · W_O" + ("" if isinstance(run.b_o, float) else " + b"),
    }[step]


def _masked(this: Inside) -> str:
    call = this.run.call
    added = [name for name, has in (("position bias", call.bias), ("softcap", call.softcap)) if has is not None]
    hidden = "−∞ where a token may not look" if this.maps["masked"].hidden else "nothing is hidden"
    return ", ".join([hidden, *added])


def sentence(this: Inside, step: str) -> str:
    """One sentence on the purpose of a step."""
    shared = this.heads // this.run.call.k.shape[1]
    with_others = f" {shared} heads share them." if shared > 1 else ""
    hides = this.maps["masked"].hidden
    return {
        "x": "One row per token, as it comes from the layers before.",
        "q": "What each token asks for.",
        "k": f"What each token offers.{with_others}",
        "v": f"What each token hands over.{with_others}",
        "scores": "How well each query (row) fits each key (column).",
        "scaled": "Scores, scaled so that they do not grow with the dimensions.",
        "masked": "A token does not see later tokens, or those too far back."
        if _far(this)
        else "A token does not see later tokens."
        if hides
        else f"Every token may see the whole {'source' if this.crosses else 'text'}.",
        "weights": "Each row becomes shares that sum to 100 %.",
        "mixed": "The values, each times its share, summed for each row.",
        "joined": "The results of all heads; that of this head is framed.",
        "output": "What attention adds, all heads together.",
    }[step]


def _far(this: Inside) -> bool:
    """Whether the mask hides more than later tokens: a sliding window."""
    n = len(this.encoding)
    return this.maps["masked"].hidden > n * (n - 1) // 2


def range_of(step: str, part: StepMap) -> str:
    """``−12.1 to 14.9``, ``0 to 84 %``."""
    if step == "weights":
        return f"0 to {percent(part.high)}" if part.low < 0.0005 else f"{percent(part.low)} to {percent(part.high)}"
    return f"{number(part.low)} to {number(part.high)}"


def finding(this: Inside, row: QueryRow) -> str:
    """The finding of the page: the strongest key of the token, and how much the head adds."""
    name, key = quoted(this.encoding.drawn[row.query]), int(row.weights.argmax())
    to = "itself" if key == row.query and not this.crosses else quoted(this.keys[key])
    attends = f"{this.head}: {name} looks most at {to} ({percent(float(row.weights[key]))})"
    if row.norms is None or row.norms.sum() == 0:
        return f"{attends}."
    share = float(row.norms[this.head.head] / row.norms.sum())
    whole = f"of all that the {this.heads} heads of the layer add to {name}"
    return f"{attends}; this head adds {percent(share)} {whole}."


def proof(this: Inside) -> str:
    """The difference between the built-in attention and the model's own, on this text."""
    check = this.layer.check
    over = f"over all {this.heads} heads and {len(this.encoding):,} rows of layer {check.layer}"
    if math.isnan(check.output):
        return f"Our steps and the model's own, {over}: weights differ {_by(check.weights)}."
    return (
        f"Our steps and the model's own, {over}: weights differ {_by(check.weights)}, outputs {_by(check.output)} "
        f"(the largest is {number(check.size)})."
    )


def _by(difference: float) -> str:
    return "not at all" if difference == 0 else f"by at most {apart(difference)}"


def doubts(this: Inside) -> list[str]:
    """A sentence for each step that cannot be seen in this model."""
    sentences = []
    if this.crosses:
        sentences.append(
            "Queries are of the target, keys and values of the source. The steps begin with the model's own queries, "
            "keys and values."
        )
    elif this.run.layer is None:
        sentences.append(
            "This layer does not show its projections, so the steps begin with the model's own queries, keys and "
            "values."
        )
    if this.run.w_o is None:
        sentences.append("This layer does not show its output projection, so the steps end with the heads joined.")
    return sentences


def arithmetic(this: Inside, row: QueryRow, step: str) -> str:
    """How this step computes the query token's number, in one line."""
    name, other = quoted(this.encoding.drawn[row.query]), quoted(this.keys[row.key])
    score, scaled, masked, weight = (
        float(getattr(row, part)[row.key]) for part in ("scores", "scaled", "masked", "weights")
    )
    seen = int(np.isfinite(row.masked).sum())
    if step in ("x", "q", "k", "v"):
        columns = this.maps[step].shape[1] if step in this.maps else this.d
        who = other if step in ("k", "v") else name
        what = {"x": "a vector", "q": "a query", "k": "a key", "v": "a value"}[step]
        return f"{who} has {what} of {columns} numbers here."
    if step == "scores":
        return f"{name} · {other}: the {this.d} products of query and key sum to {number(score)}."
    if step == "scaled":
        return f"{name} → {other}: {number(score)} {factor(this)} = {number(scaled)}."
    if step == "masked":
        if masked == -np.inf:
            return f"{name} may look at {seen:,} of {len(this.keys):,} tokens. {other} is not one of them."
        return f"{name} may look at {seen:,} of {len(this.keys):,} tokens; {other} stays at {number(masked)}."
    if step == "weights":
        return f"{name} → {other}: exp({number(masked)}) ÷ the sum of its row = {percent(weight)}."
    if step == "mixed":
        return f"{name} takes {percent(weight)} of the value of {other}, and shares of {seen - 1:,} more."
    if step == "joined":
        return f"{name} has {this.heads} results of {this.d} numbers here, one of each head."
    if row.norms is None:
        return "This model does not show its output projection."
    own, every = float(row.norms[this.head.head]), float(row.norms.sum())
    return f"For {name}, {this.head} adds a vector of length {number(own)}; all heads' lengths sum to {number(every)}."


def steps_table(this: Inside) -> pd.DataFrame:
    """A row for each step: step, formula, rows, columns, low, high (of the finite numbers)."""
    return pd.DataFrame(
        [
            {
                "step": TITLES[name],
                "formula": formula(this, name),
                "rows": part.shape[0],
                "columns": part.shape[1],
                "low": part.low,
                "high": part.high,
            }
            for name, part in this.maps.items()
        ]
    )


def row_table(this: Inside, row: QueryRow) -> pd.DataFrame:
    """The numbers of the query token: columns step, position, of, value.

    step "product": q · k in dimension `position` with the key shown in detail; "score", "scaled", "masked" (empty for
    −∞) and "weight": with each key; "length": the norm of what each head adds to the token's row of the output. If the
    tokenizer did not know some characters also unknown: 1 for an unknown key, empty for rows that are not keys.
    """
    lengths = [] if row.norms is None else [("length", row.norms, [f"head {k}" for k in range(this.heads)])]
    parts = [
        ("product", row.products, [f"dimension {k}" for k in range(this.d)]),
        *(
            (name, getattr(row, field), this.keys)
            for name, field in (("score", "scores"), ("scaled", "scaled"), ("masked", "masked"), ("weight", "weights"))
        ),
        *lengths,
    ]
    frames = [
        pd.DataFrame({"step": step, "position": np.arange(len(values)), "of": list(of), "value": values.astype(float)})
        for step, values, of in parts
    ]
    table = pd.concat(frames, ignore_index=True).replace({"value": {-np.inf: np.nan}})
    if any(unknown := this.seen.unknown):
        of_keys = table["step"].isin(("score", "scaled", "masked", "weight")) & (table["position"] < len(unknown))
        table["unknown"] = table["position"].where(of_keys).map(dict(enumerate(map(int, unknown)))).astype("Int64")
    return table
