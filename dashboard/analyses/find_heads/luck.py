"""The list of Find heads beside the lists of random pairs on the same text."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.analyses.find_heads.by_example import checked, looks_ahead, pairs_of
from dashboard.analyses.find_heads.pair_shares import Pair, drawn_sets, pair_shares
from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.export.call import Model
from dashboard.export.provenance import reading
from dashboard.heads.format import counted
from dashboard.heads.luck import Luck, RandomMarks
from dashboard.text import Encoding


def luck_of_pairs(
    model: AttentionModel,
    text: str | Encoding,
    pairs: Sequence[Pair] | str,
    *,
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
) -> Luck:
    """All heads of a model by their attention along pairs of words, beside random pairs at the same distances.

    score is that of `find_heads`, expected its mean over up to 1,000 random sets of pairs; see `Luck`. Arguments and
    errors are those of `find_heads`.
    """
    if model.part == "cross":
        raise UserError("Pairs of cross attention lead from the target to the source. Choose another part.")
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    given = checked(encoding, pairs_of(encoding, pairs) if isinstance(pairs, str) else pairs)
    scored = [(i, j) for i, j in given if j < i or not model.causal]
    if not scored:
        words = [word.form for word in encoding.words]
        raise UserError(looks_ahead(words, given, model.title) + " Mark the pair the other way round.")
    marks = RandomMarks(drawn_sets(len(encoding.words), scored, model.causal), len(model.all_heads))
    pair_shares(model, [encoding], [scored], lambda _, heads, shares: marks.take(heads, shares))
    over = f"{counted(len(scored), 'marked pairs')}, {counted(marks.sets.others, 'other choices')} at these distances"
    origin = {
        "model": Model.of(model),
        "text": encoding.texts[0],
        "pairs": list(given),
        "reading": reading(encoding, bos=bos, limit=limit),
    }
    names = [str(head) for head in model.all_heads]
    return marks.luck(names, pairs=len(scored), title=f"The heads of {model.title}", over=over, origin=origin)
