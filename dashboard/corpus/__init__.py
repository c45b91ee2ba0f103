"""A profile: all heads of a model over a corpus, in chunks that are kept, so that it can stop and go on."""

from __future__ import annotations

from dashboard.corpus.profile import Profile, profile

__all__ = ["Profile", "profile"]
