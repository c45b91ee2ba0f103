"""A profile: all heads of a model over a corpus, in chunks that are kept, so that it can stop and go on.

`builtin_corpus` is a corpus that comes with the dashboard; `shelf` lists the profiles that are there, `read_profile`
reads one, `compare_profiles` lays two side by side. Reading needs no model: what does is fetched on first use.
"""

from __future__ import annotations

from importlib import import_module

from dashboard.corpus.shelf import Kept, compare_profiles, delete, place_for, read_profile, shelf
from dashboard.corpus.shipped import BUILTIN, builtin_corpus
from dashboard.corpus.tables import Profile

_LATER = {"profile": "profiling"}

__all__ = [
    "BUILTIN",
    "Kept",
    "Profile",
    "builtin_corpus",
    "compare_profiles",
    "delete",
    "place_for",
    "profile",
    "read_profile",
    "shelf",
]


def __getattr__(name: str):
    if name in _LATER:
        return getattr(import_module(f"dashboard.corpus.{_LATER[name]}"), name)
    raise AttributeError(f"module 'dashboard.corpus' has no attribute {name!r}")
