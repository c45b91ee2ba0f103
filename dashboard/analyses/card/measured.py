"""What a card is made of, measured part by part. Each part is kept in the card's folder as soon as it is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from dashboard.analyses.ablation import results
from dashboard.analyses.ablation.results import HeadEffects
from dashboard.analyses.profile.collect import write
from dashboard.analyses.profile.library import profiles_of, read_profile
from dashboard.analyses.profile.run import profile
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.scores.api import overview
from dashboard.analyses.scores.survey import Survey
from dashboard.capture import AttentionModel
from dashboard.capture.weight_file import check_runs
from dashboard.corpus.builtin import builtin_corpus, builtin_size
from dashboard.errors import UserError
from dashboard.files import not_written, write_parts
from dashboard.jobs.results import corpus_sha256, known_as, pack, unpack
from dashboard.jobs.work import OnProgress

TEXT = "The chef who trained in Osaka says ramen is her favourite food."
"""The text whose maps a card shows."""

KEY, ATLAS, PROFILE, EFFECTS = "card.json", "atlas.npz", "profile", "effects.parquet"
"""The files of a card's folder: whose card it is, and one for each part."""

_VERSION = 1
_SOURCE = {"name": "built-in sentences"}
Part = TypeVar("Part")


@dataclass(frozen=True, eq=False)
class Measured:
    """The parts of a card. A part that cannot be had is the sentence that says why.

    Attributes
    ----------
    atlas: scores and maps of all heads on `TEXT`
    profile: all heads over the built-in sentences
    effects: the effect of ablating each head over the built-in sentences
    """

    atlas: Survey | str
    profile: Profile | str
    effects: HeadEffects | str


def measure(model: AttentionModel, out: Path, sentences: int | None, progress: OnProgress) -> Measured:
    """Measure the parts that the folder does not hold yet, and read the others.

    sentences: how many of the built-in sentences are read, None for all; for the effects at most
    `results.SENTENCES`

    Raises UserError where the folder cannot be written to or holds the card of another model, and for a file of
    weights.
    """
    if sentences is not None and sentences < 1:
        raise UserError("A card is made over 1 sentence or more. Choose a larger number.")
    if sentences is not None and sentences >= builtin_size():
        sentences = None
    check_runs(model)
    _claim(model, out)
    return Measured(
        atlas=_or_why(lambda: _atlas(model, out, _within(progress, 0.0, 0.05))),
        profile=_or_why(lambda: _profile(model, out, sentences, _within(progress, 0.05, 0.5))),
        effects=_or_why(lambda: _effects(model, out, sentences, _within(progress, 0.5, 0.95))),
    )


def _or_why(make: Callable[[], Part]) -> Part | str:
    """A part, or the sentence that says why there is none."""
    try:
        return make()
    except UserError as why:
        return str(why)


def _within(progress: OnProgress, low: float, high: float) -> OnProgress:
    return lambda fraction, sentence: progress(low + (high - low) * fraction, sentence)


def _of(model: AttentionModel) -> dict[str, str | int]:
    name, revision = known_as(model.source)
    return {"card": _VERSION, "model": name, "revision": revision}


def _claim(model: AttentionModel, out: Path) -> None:
    """Make the folder that of this model's card. Raises UserError if it is another's."""
    file, mine = out / KEY, _of(model)
    try:
        out.mkdir(parents=True, exist_ok=True)
        there = json.loads(file.read_bytes()) if file.exists() else None
    except OSError as wrong:
        raise not_written(wrong, out) from wrong
    except ValueError:
        there = None  # cut off, or not ours: made again
    if isinstance(there, dict) and (there.get("model"), there.get("revision")) != (mine["model"], mine["revision"]):
        raise UserError(
            f"“{out}” holds the card of {there.get('model')} ({there.get('revision')}). Choose another folder."
        )
    if there != mine:
        write_parts(file, [json.dumps(mine, indent=1).encode()])


def _atlas(model: AttentionModel, out: Path, progress: OnProgress) -> Survey:
    file, key = out / ATLAS, _of(model) | {"text": TEXT}
    if (there := _read_atlas(file, key)) is not None:
        return there
    progress(0.0, "Reading a text with all heads")
    found = overview(model, TEXT)
    numbers = found.scores.select_dtypes("number")
    about = {"of": key, "columns": list(numbers.columns), "n": found.n, "part": found.part}
    maps = {} if found.thumbnails is None else {"maps": found.thumbnails}
    write_parts(file, [pack(about, scores=numbers.to_numpy(float), **maps)])
    return found


def _read_atlas(file: Path, key: dict[str, str | int]) -> Survey | None:
    """The scores and maps in the file; None if it is missing, broken or of something else."""
    try:
        about, arrays = unpack(file.read_bytes())
        if about["of"] != key:
            return None
        table = pd.DataFrame(arrays["scores"], columns=about["columns"])
        table = table.astype(dict.fromkeys(("layer", "head"), np.int64))
        if about["part"]:
            table.insert(2, "part", about["part"])
        return Survey(table, arrays.get("maps"), int(about["n"]), about["part"])
    except Exception:  # readers raise many kinds of errors for a file that was cut off
        return None


def _profile(model: AttentionModel, out: Path, sentences: int | None, progress: OnProgress) -> Profile:
    folder = out / PROFILE
    try:
        there = read_profile(folder)
        if _fits(there.about, model, sentences):
            return there
    except UserError:
        pass  # not there yet, stopped half way, or broken
    if sentences is None:
        for entry in profiles_of(model):
            there = read_profile(entry.folder)
            if _fits(there.about, model, None):
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                except OSError as wrong:
                    raise not_written(wrong, folder) from wrong
                write(there, folder, there.about["format"])
                return there
    return profile(model, builtin_corpus(), folder, limit=sentences, source=_SOURCE, progress=progress)


def _fits(about: dict, model: AttentionModel, sentences: int | None) -> bool:
    """Whether a profile is of this model, over so many of the built-in sentences."""
    wanted = (model.revision, corpus_sha256(), sentences, "text")
    return (about["revision"], about["sha256"], about.get("limit"), about.get("read_as", "text")) == wanted


def _effects(model: AttentionModel, out: Path, sentences: int | None, progress: OnProgress) -> HeadEffects:
    file, work = out / EFFECTS, results.MEASUREMENT
    request = results.Request.of(model, sentences=min(sentences or results.SENTENCES, results.SENTENCES))
    with suppress(UserError):  # broken: measured again
        if (there := work.read(file, request)) is not None:
            return there
    there = None
    with suppress(UserError):
        there = work.find(request)
    if there is None:
        there = work.measure(request, model, progress=progress)
    work.keep(there, request, file)
    return there
