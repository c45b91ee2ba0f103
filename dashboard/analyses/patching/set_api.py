"""Carry every head over in a ready set of pairs. For the page, the command line and a notebook.

found = patch_set(model, "agreement")             # or pair_sets() for their names
found.table                                       # a row per head: recovered and specific, with 95 % intervals
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from dashboard.analyses.patching.over_set import Kept, SetResult, measure_set, set_table
from dashboard.analyses.patching.sets import set_named
from dashboard.capture import AttentionModel
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part
from dashboard.export.provenance import origin
from dashboard.jobs.work import OnProgress


@dataclass(frozen=True, eq=False)
class PatchedSet:
    """What each head carries over in a set of pairs.

    Attributes
    ----------
    table: a row per head: layer, head; recovered (mean over pairs), recovered_low, recovered_high (95 %), pairs;
        control (the mean with a donor A' that has A's answer), specific = recovered(A) − recovered(A'), specific_low,
        specific_high, controlled (over how many pairs)
    pairs: a row per pair that is used: pair (its place in the set, from 0), text, other, answer, rival, m_a, m_b,
        controlled (whether it has an A')
    result: the figures of each pair
    call: the call that makes it
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    result: SetResult
    call: Call

    @property
    def provenance(self) -> Provenance:
        """Where the table comes from, with the lines of Python that make it again."""
        return Provenance.from_dict(self.table.attrs["provenance"])


def patch_set(
    model: AttentionModel,
    name: str,
    *,
    bos: bool = True,
    progress: OnProgress | None = None,
    kept: Kept | None = None,
) -> PatchedSet:
    """Carry each head over, at all tokens, in each pair of a ready set (METRICS §9).

    recovered = (m(B with A's head) − m(B)) / (m(A) − m(B)), the mean over pairs, with 95 % intervals (bootstrap over
    pairs). The control takes the head from A', another first text of the set with A's answer; specific = recovered(A) −
    recovered(A'): a head that carries only the answer has 0.

    Parameters
    ----------
    name: one of `pair_sets`
    bos: as in `dashboard.attention`
    progress: called with the fraction done and a sentence; an exception it raises stops the work
    kept: what was measured before, by the place of the pair

    Raises UserError for an unknown set, a model that predicts no next token, and one that gets no pair right.
    """
    return set_of(model, measure_set(model, set_named(name), bos=bos, progress=progress, kept=kept), bos=bos)


def set_of(model: AttentionModel, result: SetResult, *, bos: bool = True) -> PatchedSet:
    """The tables of a result."""
    table = set_table(result)
    of, pairs = Model.of(model), set_named(result.name).pairs
    how = {} if bos else {"bos": False}
    call = Call("patch_set", (of, result.name), how, to="found")
    made = Part(replace(call, to=""), "table", makes="table")
    options = {"set": result.name, "pairs": len(result.places), "left_out": len(result.left_out)} | how
    table.attrs["provenance"] = origin(of, "", "patch", made, unit="tokens", options=options).to_dict()
    rows = [
        {"pair": place, "text": pairs[place].a, "other": pairs[place].b}
        | {"answer": pairs[place].answer, "rival": pairs[place].rival, "m_a": m_a, "m_b": m_b}
        | {"controlled": bool(pd.notna(control).all())}
        for place, (m_a, m_b), control in zip(result.places, result.m, result.control, strict=True)
    ]
    return PatchedSet(table, pd.DataFrame(rows), result, call)
