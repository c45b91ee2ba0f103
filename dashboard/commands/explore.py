"""The commands of “All heads”: the weights of a head as a file, and pictures of heads."""

from __future__ import annotations

import argparse

from dashboard.analyses.explore.views import VIEWS
from dashboard.commands.shared import (
    as_words,
    check_out,
    out,
    pair,
    read,
    tell_of_picture,
    text_and_model,
    unit,
    whole_number,
    written,
)
from dashboard.errors import UserError

CHART_VIEWS = (*VIEWS, "compare", "difference", "atlas")


def add(commands) -> None:
    attention = commands.add_parser("attention", help="the weights of one head over a text")
    text_and_model(attention)
    attention.add_argument("--layer", type=whole_number, required=True, help="counted from 0")
    attention.add_argument("--head", type=whole_number, required=True, help="counted from 0")
    unit(attention, "tokens")
    pair(attention)
    _measure(attention)
    out(attention, "table", "matrix")
    attention.set_defaults(run=run_attention)

    chart = commands.add_parser("chart", help="a picture of heads over a text")
    text_and_model(chart)
    chart.add_argument("--heads", default="", help="like L2H0,L2H9 (for the atlas: the heads to outline)")
    chart.add_argument("--view", choices=CHART_VIEWS, default="heatmap")
    chart.add_argument("--score", default="previous", help="what colours the atlas (default: previous)")
    chart.add_argument("--theme", choices=("light", "dark"), default="light")
    unit(chart, "words")
    pair(chart)
    _measure(chart)
    out(chart, "figure")
    chart.set_defaults(run=run_chart)


def _measure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--measure",
        choices=("weight", "contribution"),
        default="weight",
        help="attention weights (default), or value-weighted norms (Kobayashi et al. 2020)",
    )


def _views(asked: argparse.Namespace, model, encoding, heads) -> list:
    """The heads as asked: their weights or their contributions, in this unit."""
    from dashboard.analyses.contribution.api import contributions
    from dashboard.analyses.explore.api import attentions

    views = contributions if asked.measure == "contribution" else attentions
    return views(model, encoding, heads, unit=asked.unit, special=asked.special, between=asked.between)


def run_attention(asked: argparse.Namespace) -> int:
    check_out(asked)
    from dashboard.analyses.explore import api
    from dashboard.export.save import save
    from dashboard.heads.head_id import HeadId

    if asked.layer < 0 or asked.head < 0:
        raise UserError("Layers and heads are counted from 0.")
    model, encoding = read(asked)
    [view] = _views(asked, model, encoding, [HeadId(asked.layer, asked.head)])
    save(view, asked.out, api.provenance(model, [view], "matrix", bos=asked.bos, **as_words(asked)))
    return written(asked.out)


def run_chart(asked: argparse.Namespace) -> int:
    check_out(asked)
    from dashboard.analyses.explore import api
    from dashboard.analyses.scores.api import draw_atlas, known_score, overview
    from dashboard.analyses.scores.scores import OF_MODEL
    from dashboard.export.provenance import provenance_of_text
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads

    heads = listed_heads(asked.heads)
    if asked.view == "atlas" and asked.measure != "weight":
        raise UserError("The atlas is of scores of the weights. Draw contributions as another view: --view heatmap.")
    if asked.view == "atlas":
        known_score(asked.score)
    elif not heads:
        raise UserError("Name the heads to draw: --heads L2H0, or several with commas between them.")
    model, encoding = read(asked)
    heads = [api.existing_head(model, head) for head in heads]
    if asked.view == "atlas":
        induction = asked.score in OF_MODEL
        table = overview(model, encoding, thumbnails=False, induction=induction, between=asked.between)
        chart = draw_atlas(table, asked.score, model=model.title, theme=asked.theme, tray=heads)
        options = {"score": asked.score, "theme": asked.theme, "bos": asked.bos} | as_words(asked)
        options |= {"between": asked.between} if asked.between else {}
        outlined = {"tray": [str(head) for head in heads]} if heads else {}
        provenance = provenance_of_text(model, encoding, "atlas", **options, **outlined)
        views = []
    else:
        views = _views(asked, model, encoding, heads)
        chart = api.draw(views, asked.view, theme=asked.theme)
        provenance = api.provenance(model, views, asked.view, theme=asked.theme, bos=asked.bos, **as_words(asked))
    save(chart, asked.out, provenance)
    tell_of_picture(asked, encoding.text, views)
    return written(asked.out)
