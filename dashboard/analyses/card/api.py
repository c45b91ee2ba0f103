"""A card for a model: one page with what its heads do, made in one go that resumes where it was stopped.

card = make_card(open_model("minilm"), "minilm-card")       # card.html and card.pdf, and the data of each part
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dashboard.analyses.card.measured import Measured, measure
from dashboard.analyses.card.sections import sections
from dashboard.capture import AttentionModel
from dashboard.export.report import Section, report_bytes
from dashboard.files import write_parts
from dashboard.jobs.work import OnProgress

__all__ = ["FORMATS", "Card", "make_card"]

FORMATS = ("html", "pdf")


@dataclass(frozen=True, eq=False)
class Card:
    """A model's card.

    Attributes
    ----------
    sections: its figures, and sentences where a figure cannot be had
    measured: what they are drawn from
    files: the pages that were written, one for each of `FORMATS`
    """

    sections: tuple[Section, ...]
    measured: Measured
    files: tuple[Path, ...]


def make_card(
    model: AttentionModel, out: str | Path, *, sentences: int | None = None, progress: OnProgress | None = None
) -> Card:
    """Measure a model's heads and write its card to a folder: ``card.html``, ``card.pdf``, and the data of each part.

    Each part is kept in the folder when it is done. Stopped at any point, the same call goes on with what is missing.
    What cannot be had for a model is a sentence in its place.

    Parameters
    ----------
    out: the folder to write to; created if missing
    sentences: read at most so many of the built-in sentences (None: all; effects use 32 at most)
    progress: called with a fraction and a sentence; an exception it raises stops the work

    Raises UserError where the folder cannot be written to, or holds the card of another model.
    """
    out, tell = Path(out), progress or (lambda fraction, sentence: None)
    measured = measure(model, out, sentences, tell)
    tell(0.95, "Writing the card")
    made = sections(model, measured)
    files = []
    for ending in FORMATS:
        file = out / f"card.{ending}"
        write_parts(file, [report_bytes(made, ending, f"Card of {model.title}")])
        files.append(file)
    tell(1.0, f"Wrote {files[0]}")
    return Card(tuple(made), measured, tuple(files))
