"""The gallery as the page asks for it."""

from __future__ import annotations

from dashboard.analyses.gallery.draw import draw_finding
from dashboard.analyses.gallery.findings import FINDINGS, Finding, Measured
from dashboard.analyses.gallery.text import sentence
from dashboard.capture import AttentionModel

__all__ = ["FINDINGS", "Finding", "Measured", "draw_finding", "measured", "sentence"]


def measured(finding: Finding, model: AttentionModel | None) -> Measured:
    """The numbers of a finding, computed now. Raises UserError where something that ships is not there."""
    return finding.measure(model, finding)
