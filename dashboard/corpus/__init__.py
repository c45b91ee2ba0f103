"""A profile: all heads of a model over a corpus, in chunks that are kept, so that it can stop and go on.

`builtin_corpus` is a corpus that comes with the dashboard.
"""

from __future__ import annotations

from dashboard.corpus.profiling import profile
from dashboard.corpus.shipped import BUILTIN, builtin_corpus
from dashboard.corpus.tables import Profile

__all__ = ["BUILTIN", "Profile", "builtin_corpus", "profile"]
