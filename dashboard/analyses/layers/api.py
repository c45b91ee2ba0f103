"""How far heads reach and what layers add, for the page and a notebook: measured, and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.analyses.layers import flow as flows
from dashboard.analyses.layers.flow import MEASURES, Flow
from dashboard.analyses.layers.layers_chart import columns, moves
from dashboard.analyses.layers.word_chart import journey
from dashboard.analyses.long_range import measure as ranges
from dashboard.analyses.long_range.chart import reach as panels
from dashboard.analyses.long_range.chart import reach_atlas
from dashboard.analyses.long_range.measure import Reach, curve
from dashboard.analyses.long_range.text import reach_finding
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import WIDTH, Drawing
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.snippet import keywords, made_again, reading
from dashboard.heads.view import HeadId
from dashboard.text import Encoding, Special, Unit


def longrange(model: AttentionModel, question: str = "verb") -> Reach:
    """How far every head reaches: a verb to its subject ("verb"), or a name to its first mention ("name").

    See `long_range.measure`. Raises UserError for another question, and where the model cannot read the texts.
    """
    return ranges.longrange(model, question)


def draw_longrange(
    reach: Reach,
    heads: Sequence[HeadId | str] = (),
    *,
    all_heads: bool = False,
    theme: Theme = "light",
    width: float | None = None,
    **frames: object,
) -> Drawing:
    """Attention against distance of these heads over all texts; of none named, the four best, chosen on one half of
    the texts and shown on the other. Or all heads on one sheet (`frames` as in `draw_atlas`: selected, tray, turn).

    Raises UserError for a head that the model does not have."""
    asked, named = reach.question, [_existing(reach, head) for head in heads]
    said = {"question": asked.name, "heads": [str(head) for head in named]} if named else {"question": asked.name}
    made = _about_model(
        reach,
        "longrange-heads" if all_heads else "longrange",
        said,
        "draw_longrange, longrange",
        f"longrange(model, {asked.name!r})",
        {"heads": said.get("heads"), "all_heads": all_heads or None, "theme": theme, "width": width},
    )
    if all_heads:
        over = f"mean over {len(reach.share)} {asked.items} at {len(asked.steps)} distances"
        sheet = reach_atlas(reach.lift(), theme, seen=asked.seen, over=over, model=reach.model, width=width, **frames)
        return sheet.made_of(made)
    items = None if named else reach.shown_on
    shown = named or reach.best(4)
    texts = len(reach.share if named else reach.shown_on)
    whose = " and ".join(map(str, shown)) if named else "The four best heads"
    chart = panels(
        [curve(reach, head, items) for head in shown],
        theme,
        title=f"{whose} · {reach.model}",
        subtitle=[
            f"share of attention from {asked.looks} to {asked.seen}",
            f"mean over {texts} {asked.items} and its 95\u00a0% interval"
            + ("" if named else f"; chosen on the other {len(reach.chosen_on)}"),
        ],
        description=reach_finding(reach, named[0] if named else None),
        seen=asked.seen,
        unit=asked.unit,
        width=width,
    )
    return chart.made_of(made)


def flow(
    model: AttentionModel,
    text: str | Encoding,
    *,
    unit: Unit = "words",
    special: Special = "hide",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
) -> Flow:
    """What each layer does to the words of a text: how far their vectors move, by which part, to whom they come near.

    See `flow`. Raises UserError on an empty text, and where a model's layers cannot be told apart.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    found = flows.flow(model, encoding, unit=unit, special=special)
    return replace(found, reading=reading(encoding, bos=bos, limit=limit))


def draw_flow(
    flow: Flow,
    measure: str = "moved",
    *,
    word: int | None = None,
    theme: Theme = "light",
    width: float | None = None,
    start: int = 0,
    turn: int = 0,
) -> Drawing:
    """Words by layers: "moved", "turned" or "attention_share"; or (measure "journey") one word through the layers.

    word: which of the words, from 0, special positions not counted. A text that is too wide is drawn from `start` on.
    Raises UserError for another measure, and for a word that the text does not have.
    """
    if measure not in MEASURES and measure != "journey":
        raise UserError(f"There is no measure “{measure}”. Choose one of {', '.join([*MEASURES, 'journey'])}.")
    if (word is not None and not 0 <= word < len(flow.words)) or (word is None and measure == "journey"):
        raise UserError(f"Name a word by its number, 0 to {len(flow.words) - 1}.")
    made = _about_model(
        flow,
        f"layers-{measure}",
        {"unit": flow.unit, "special": flow.hidden, **flow.reading},
        "draw_flow, flow",
        f"flow(model, text, unit={flow.unit!r}, special={flow.hidden!r}"
        + "".join(f", {name}={value!r}" for name, value in flow.reading.items())
        + ")",
        {"measure": measure, "word": word, "theme": theme, "width": width, "start": start or None},
        flow.text,
    )
    if measure == "journey":
        return journey(flow, word, theme, width=width).made_of(made)
    most = columns(width or WIDTH)
    if len(flow) > most:
        start = max(0, min(start, len(flow) - most))
        flow = flow.window(start, start + most)
    return moves(flow, MEASURES[measure], theme, word=word, width=width, turn=turn).made_of(made)


def _existing(reach: Reach, head: HeadId | str) -> HeadId:
    wanted, (layers, heads) = HeadId.parse(head) if isinstance(head, str) else head, reach.share.shape[2:]
    if wanted.layer >= layers or wanted.head >= heads:
        raise UserError(
            f"{reach.model} has layers 0 to {layers - 1} and heads 0 to {heads - 1}; {wanted} is none of them."
        )
    return wanted


def _about_model(
    thing: Reach | Flow, view: str, said: dict, names: str, made: str, drawing: dict, text: str | None = None
) -> Provenance:
    """Where a picture comes from that is not of heads over a text, with the lines that make it again."""
    given = {name: value for name, value in drawing.items() if value is not None}
    origin = Provenance(
        model=thing.name,
        revision=thing.revision,
        text=text or "",
        heads=tuple(said.get("heads", ())),
        unit=said.get("unit", "words"),
        special=said.get("special", "show"),
        view=view,
        options=said | given,
        title=thing.model,
    )
    drawn = f"{names.partition(',')[0]}({made}{keywords(given)})"
    return made_again(origin, names.split(", "), drawn, *([f"text = {text!r}"] if text is not None else []))
