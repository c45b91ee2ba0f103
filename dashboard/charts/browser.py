"""JavaScript that the pages and the notebook's widget share, put in front of their own."""

from __future__ import annotations

from pathlib import Path

SENTENCE_JS = Path(__file__).with_name("sentence.js").read_text(encoding="utf-8")
"""Words in a row and arcs between them: elements, arcs, percentages, and the keys that move along a row."""
