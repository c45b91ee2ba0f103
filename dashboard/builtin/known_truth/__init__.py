"""Models whose heads are written by hand, so that what each head does is known (METRICS §10, known truth).

`build` makes one as plain matrices for our own attention, `write` a folder that `open_model` opens like any other.
"""

from dashboard.builtin.known_truth.kinds import KINDS, build, induction_pair, jobs_in, names_and_pairs, write
from dashboard.builtin.known_truth.known_model import Known

__all__ = ["KINDS", "Known", "build", "induction_pair", "jobs_in", "names_and_pairs", "write"]
