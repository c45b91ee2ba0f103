"""The text itself, each word shaded: by what an intervention changes there, or by what it adds to a prediction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.charts import labels as lettering
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.ink import round_figure
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.text_lines import BOX, UNREAD, heading_layers, set_text
from dashboard.charts.theme import gradient, ink, paint, readable, scale, signed
from dashboard.heads.format import figure, percent, signed_figure
from dashboard.heads.text_effect import TextEffect

MEASURE = 640.0  # pixels of a line of text
FAINT = 1e-4  # the smallest change that has full colour: a model’s own rounding has none
SHADES = {  # for each measure: what the shade stands for
    "loss_change": "green: predicted worse {} · purple: better",
    "shift": "shade: how far the vector turns {}",
    "attribution": "green: towards {} · purple: away from it",
}
UNITS = {"loss_change": " nats"}  # at the scale


def changed_text(
    effect: TextEffect,
    look: Look,
    *,
    title: str,
    subtitle: Sequence[str],
    description: str,
    how: str = "without the head",
    word: int | None = None,
    epoch: int | None = None,
    least: float = FAINT,
) -> Drawing:
    """The text, set in lines, each word on a shade: for `loss_change` and `attribution` from purple through paper to
    green, symmetric about 0; for `shift` from paper to ink. Words without a figure are grey. A tooltip gives the
    numbers.

    Parameters
    ----------
    look: 640 pixels wide by default
    how: what was done, as it stands behind “predicted worse”; of an attribution the answer
    word: the word that is framed, one of `effect.words`
    epoch: if given, a click on a word sets the point parameter "word", with the fields word and epoch
    least: the smallest figure that may have full colour, so that two pictures can share a scale
    """
    p, width = look.palette, look.width_or(MEASURE) - 12
    page = set_text(effect, width)
    two_sided = effect.measure != "shift"
    values = np.nan_to_num(effect.values)
    high = max(round_figure(float(np.abs(values).max(initial=least))), FAINT)
    low, colours = (-high, signed(look.theme)) if two_sided else (0.0, ink(look.theme))
    shades = paint(values, colours, low, high)
    text_colours = readable(shades, look.theme)
    font = lettering.font_of(mono=effect.unit == "tokens")
    canvas = Canvas(corner=3)
    for k, place in enumerate(page.places):
        known = not np.isnan(effect.values[k])
        if known and values[k]:
            canvas.box(place.x, place.y, place.width, BOX, "#" + bytes(shades[k].tolist()).hex())
        canvas.write(
            place.x + place.width / 2,
            place.y + BOX / 2,
            place.word,
            str(text_colours[k]) if known else p.quiet,
            page.size,
            align="center",
            baseline="middle",
            limit=width,
            font=font,
        )
        if effect.unknown and effect.unknown[k]:
            edge = str(text_colours[k]) if known else p.quiet
            canvas.frame(place.x, place.y, place.width, BOX, edge, 1.25, dashed=True)
        if word is not None and effect.words[k] == word:
            canvas.frame(place.x, place.y, place.width, BOX, p.text, 1.5)
        fields = {} if epoch is None else {"word": effect.words[k], "epoch": epoch}
        canvas.place(place.x, place.y, place.width, BOX, _tip(effect, k), **fields)
    body = canvas.body(width, page.height, None if epoch is None else "word")
    body["layer"] += heading_layers(page, p, width)
    sign = "(datum.value > 0 ? '+' : '') + " if two_sided else ""
    unit = UNITS.get(effect.measure, "")
    label = f"{sign}format(datum.value, '~g')" + (f" + (datum.value > 0 ? '{unit}' : '')" if unit else "")
    legend = gradient([low, 0, high] if two_sided else [0, high / 2, high], label)
    colour = {"field": "w", "type": "quantitative", "scale": scale(colours, low, high), "legend": legend}
    key = {"mark": {"type": "rect", "aria": False}, "encoding": {"fill": colour}}
    body["layer"].append({"data": {"values": []}} | key)
    body["resolve"] = {"scale": {"fill": "independent"}}
    subtitle = [*subtitle, SHADES[effect.measure].format(how), *([UNREAD] if any(effect.unknown) else [])]
    return sheet(body, look.theme, title=title, subtitle=subtitle, description=description, width=width)


def _tip(effect: TextEffect, k: int) -> str:
    word, value = drawable(effect.drawn[k]), effect.values[k]
    if effect.measure == "attribution":
        return f"{word}: {'a special token, left out' if np.isnan(value) else signed_figure(value)}"
    if np.isnan(value):
        why = "not measured: the tokenizer added it" if effect.special[k] else "not predicted: it comes first"
        return f"{word}: {why}"
    if effect.loss is None:
        return f"{word}: turns by {figure(value)}"
    before, after = float(effect.loss[k]), float(effect.loss[k] + value)
    many = int(effect.read[k])
    if many == 1:
        detail = f"its probability {percent(np.exp(-before))} → {percent(np.exp(-after))}"
    else:  # the product of the tokens' probabilities is not the word's if each token is predicted by itself
        detail = f"mean loss on its {many} tokens {figure(before / many)} → {figure(after / many)}"
    return f"{word}: {'+' if value > 0 else ''}{figure(value)} nats; {detail}"
