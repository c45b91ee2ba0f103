"""The commands that are about heads over one text."""

from __future__ import annotations

import argparse
import sys

from dashboard.commands.shared import (
    as_words,
    check_out,
    out,
    pair,
    read,
    say,
    tell_of_picture,
    text_and_model,
    unit,
    whole_number,
    written,
)
from dashboard.errors import UserError

CHART_VIEWS = ("heatmap", "lines", "arcs", "reading", "compare", "difference", "atlas")


def add(commands) -> None:
    attention = commands.add_parser("attention", help="the weights of one head over a text")
    text_and_model(attention)
    attention.add_argument("--layer", type=whole_number, required=True, help="counted from 0")
    attention.add_argument("--head", type=whole_number, required=True, help="counted from 0")
    unit(attention, "tokens")
    pair(attention)
    _measure(attention)
    out(attention, ".csv .xlsx .parquet .npz")
    attention.set_defaults(run=run_attention)

    scores = commands.add_parser("scores", help="pattern scores, a row per head")
    text_and_model(scores)
    pair(scores)
    out(scores, ".csv .xlsx .parquet")
    scores.set_defaults(run=run_scores)

    chart = commands.add_parser("chart", help="a picture of heads over a text")
    text_and_model(chart)
    chart.add_argument("--heads", default="", help="like L2H0,L2H9 (for the atlas: the heads to outline)")
    chart.add_argument("--view", choices=CHART_VIEWS, default="heatmap")
    chart.add_argument("--score", default="previous", help="what colours the atlas (default: previous)")
    chart.add_argument("--theme", choices=("light", "dark"), default="light")
    unit(chart, "words")
    pair(chart)
    _measure(chart)
    out(chart, ".png .svg .pdf .html .json")
    chart.set_defaults(run=run_chart)

    compare = commands.add_parser("compare", help="how alike heads are over a text, a row per pair")
    text_and_model(compare)
    compare.add_argument("--heads", required=True, help="two or more, like L2H0,L2H9")
    unit(compare, "tokens")
    out(compare, ".csv .xlsx .parquet")
    compare.set_defaults(run=run_compare)

    verify = commands.add_parser("verify", help="our built-in attention against the model's own, a row per layer")
    text_and_model(verify)
    verify.add_argument("--out", metavar="FILE", help="also write the table: .csv .xlsx .parquet")
    verify.set_defaults(run=run_verify, endings=("csv", "xlsx", "parquet"))

    find = commands.add_parser("find", help="heads by example: which give most along pairs of words, a row per head")
    text_and_model(find)
    find.add_argument(
        "--pairs",
        required=True,
        metavar="PAIRS",
        help='like "says>chef,9>1": the word that looks, >, the word looked at; by text or by number, from 0',
    )
    out(find, ".csv .xlsx .parquet")
    find.set_defaults(run=run_find)


def _measure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--measure",
        choices=("weight", "contribution"),
        default="weight",
        help="the weights (default), or the norms of what the head carries over",
    )


def _views(asked: argparse.Namespace, model, encoding, heads) -> list:
    """The heads as asked: their weights or their contributions, in this unit."""
    from dashboard.analyses.contribution import api as contribution
    from dashboard.analyses.explore import api

    views = contribution.contributions if asked.measure == "contribution" else api.attentions
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


def run_scores(asked: argparse.Namespace) -> int:
    check_out(asked)
    from dashboard.analyses.scores import api as scores_api
    from dashboard.export.provenance import provenance_of_text
    from dashboard.export.save import save

    model, encoding = read(asked)
    said = as_words(asked) | ({"between": asked.between} if asked.between else {})
    table = scores_api.scores(model, encoding, between=asked.between)
    save(table, asked.out, provenance_of_text(model, encoding, "scores", bos=asked.bos, **said))
    return written(asked.out)


def run_chart(asked: argparse.Namespace) -> int:
    check_out(asked)
    from dashboard.analyses.explore import api
    from dashboard.analyses.scores.api import draw_atlas, known_score, overview
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
        induction = asked.score == "induction"
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


def run_compare(asked: argparse.Namespace) -> int:
    check_out(asked)
    from dashboard.analyses.compare import api as comparing
    from dashboard.analyses.explore import api
    from dashboard.export.save import save
    from dashboard.heads.head_id import listed_heads

    heads = listed_heads(asked.heads)
    if len(heads) < 2:
        raise UserError("Name two heads or more to compare: --heads L2H0,L2H9.")
    model, encoding = read(asked)
    views = api.attentions(model, encoding, heads, unit=asked.unit, special=asked.special)
    save(comparing.comparison_table(views, bos=asked.bos), asked.out)
    return written(asked.out)


def run_verify(asked: argparse.Namespace) -> int:
    """Exit status 1 where a difference is more than rounding."""
    if asked.out:
        check_out(asked)
    from dashboard.analyses.inside import api as inside
    from dashboard.export.provenance import provenance_of_text
    from dashboard.export.save import save

    model, encoding = read(asked)
    table = inside.verify(model, encoding, progress=say if len(encoding) > 256 else None)
    print(f"{'layer':>5}  {'begins with':<11}  {'weights':>8}  {'output':>8}  largest output")
    for row in table.itertuples():
        print(f"{row.layer:>5}  {row.begins:<11}  {row.weights:8.1e}  {row.output:8.1e}  {row.size:.4g}")
    if asked.out:
        save(table, asked.out, provenance_of_text(model, encoding, "verify", bos=asked.bos))
        written(asked.out)
    return int(inside.differs(table))


def run_find(asked: argparse.Namespace) -> int:
    check_out(asked)
    from dashboard.analyses.find_heads import api as find_heads
    from dashboard.analyses.find_heads.by_example import example_finding, looks_ahead
    from dashboard.export.save import save

    model, encoding = read(asked)
    found = find_heads.find_heads(model, encoding, asked.pairs, bos=asked.bos)
    if found.masked:
        print(f"Left out: {looks_ahead(found.words, found.masked, found.model)}", file=sys.stderr)
    print(example_finding(found))
    save(found.table, asked.out)
    return written(asked.out)
