"""The commands of “All heads”: the weights of a head as a file, and pictures of heads."""

from __future__ import annotations

import argparse
import sys

from dashboard.analyses.explore.views import VIEWS
from dashboard.commands.shared import (
    as_words,
    check_out,
    out,
    pair,
    part,
    read,
    text_and_model,
    twin,
    unit,
    warn_of_picture,
    whole_number,
    written,
)
from dashboard.errors import UserError

CHART_VIEWS = (*VIEWS, "compare", "difference", "atlas", "long-text")


def add(commands) -> None:
    attention = commands.add_parser("attention", help="the weights of one head, or of several as one, over a text")
    text_and_model(attention)
    attention.add_argument("--layer", type=whole_number, help="counted from 0")
    attention.add_argument("--head", type=whole_number, help="counted from 0")
    attention.add_argument("--heads", default="", help="with --together: like L2H0,L2H9, or layer:2, or all")
    _together(attention, "write")
    unit(attention, "tokens")
    pair(attention)
    part(attention)
    _measure(attention)
    out(attention, "table", "matrix")
    attention.set_defaults(run=run_attention)

    chart = commands.add_parser("chart", help="a picture of heads over a text")
    text_and_model(chart)
    chart.add_argument(
        "--heads",
        default="",
        help="like L2H0,L2H9 (in the atlas: the heads to outline); with --together also layer:2 or all",
    )
    _together(chart, "draw")
    chart.add_argument("--view", choices=CHART_VIEWS, default="heatmap", help="atlas: all heads, coloured by a score")
    chart.add_argument("--score", default="previous", help="the score that colours the atlas (default: previous)")
    chart.add_argument("--theme", choices=("light", "dark"), default="light")
    unit(chart, "words")
    pair(chart)
    part(chart)
    _measure(chart)
    twin(chart, "of the atlas, also the score")
    out(chart, "figure")
    chart.set_defaults(run=run_chart)


def _together(parser: argparse.ArgumentParser, do: str) -> None:
    parser.add_argument(
        "--together",
        choices=("mean", "sum", "max"),
        help=f"{do} these heads as one: the mean, the sum or the maximum of their weights",
    )


def _measure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--measure",
        choices=("weight", "contribution"),
        default="weight",
        help="attention weights (default), or value-weighted norms (Kobayashi et al. 2020)",
    )


def _views(args: argparse.Namespace, model, encoding, heads) -> list:
    """The views of the heads: weights or contributions, in the chosen unit."""
    from dashboard.analyses.contribution.api import contributions
    from dashboard.analyses.explore.api import attentions

    views = contributions if args.measure == "contribution" else attentions
    return views(model, encoding, heads, unit=args.unit, special=args.special, between=args.between)


def _long_text(args: argparse.Namespace, model, encoding, heads) -> tuple:
    """The whole map of one head in squares, with its provenance."""
    from dashboard.analyses.explore.draw_long_text import draw_long_text

    if len(heads) > 1 or args.measure != "weight" or encoding.second is not None:
        raise UserError("A long text is drawn as the weights of one head over one text. Name one head: --heads L2H0.")
    how = {"unit": args.unit, "special": args.special, "bos": args.bos, "theme": args.theme}
    chart = draw_long_text(model, encoding, heads[0], **how)
    return chart, chart.provenance


def run_attention(args: argparse.Namespace) -> int:
    check_out(args)
    from dashboard.analyses.explore import api
    from dashboard.export.save import save
    from dashboard.heads.head_id import HeadId

    if args.together:
        if args.measure != "weight" or args.layer is not None or args.head is not None:
            raise UserError("--together is of weights, and of the heads that --heads names.")
        model, _, view = _several(args)
    else:
        if args.heads or args.layer is None or args.head is None:
            raise UserError(
                "Name one head: --layer 2 --head 9. Or several as one: --heads L2H0,L2H9 --together mean, sum or max."
            )
        if args.layer < 0 or args.head < 0:
            raise UserError("Layers and heads are counted from 0.")
        model, encoding = read(args)
        [view] = _views(args, model, encoding, [HeadId(args.layer, args.head, model.part)])
    save(view, args.out, api.provenance(model, [view], "matrix", bos=args.bos, **as_words(args)))
    return written(args.out)


def run_chart(args: argparse.Namespace) -> int:
    check_out(args)
    from dashboard.analyses.explore import api
    from dashboard.analyses.scores.api import draw_atlas, known_score, overview, with_twin
    from dashboard.analyses.scores.scores import OF_MODEL
    from dashboard.capture import untrained_twin
    from dashboard.export.provenance import provenance_of_text
    from dashboard.export.save import save
    from dashboard.heads.head_group import named_together
    from dashboard.heads.head_id import listed_heads, part_of

    if args.twin and (args.view != "atlas" or args.together):
        raise UserError("--twin draws the scores of the untrained twin in the atlas. Choose --view atlas.")
    if args.together:
        return _run_together(args)
    if named_together(args.heads):
        raise UserError(f"“{args.heads}” is several heads. Draw them as one: --together mean, sum or max.")
    heads = listed_heads(args.heads)
    if args.view == "atlas" and args.measure != "weight":
        raise UserError("The atlas is of scores of the weights. Draw contributions as another view: --view heatmap.")
    if args.view == "atlas":
        known_score(args.score)
    elif not heads:
        raise UserError("Name the heads to draw: --heads L2H0, or several with commas between them.")
    model, encoding = read(args, part_of(heads, api.ONE_PART))
    heads = [api.existing_head(model, head) for head in heads]
    if args.view == "atlas":
        induction = args.score in OF_MODEL
        if induction and model.own_text is not None:
            raise UserError(
                f"{model.title} has no model that runs, and “{args.score}” needs one. Choose another --score."
            )
        how = {"thumbnails": False, "induction": induction, "between": args.between}
        table = overview(model, encoding, **how).scores
        if args.twin:
            table = with_twin(table, overview(untrained_twin(model), encoding, **how).scores)
        chart = draw_atlas(table, args.score, model=model.title, theme=args.theme, tray=heads)
        options = {"score": args.score, "theme": args.theme, "bos": args.bos} | as_words(args)
        options |= {"between": args.between} if args.between else {}
        options |= {"twin": True} if args.twin else {}
        outlined = {"tray": [str(head) for head in heads]} if heads else {}
        provenance = provenance_of_text(model, encoding, "atlas", **options, **outlined)
        views = []
    elif args.view == "long-text":
        views = []
        chart, provenance = _long_text(args, model, encoding, heads)
    else:
        views = _views(args, model, encoding, heads)
        chart = api.draw(views, args.view, theme=args.theme)
        provenance = api.provenance(model, views, args.view, theme=args.theme, bos=args.bos, **as_words(args))
    save(chart, args.out, provenance)
    warn_of_picture(args, encoding.text, views)
    return written(args.out)


def _several(args: argparse.Namespace) -> tuple:
    """The model, the text and the view of several heads as one. Says what it loses."""
    from dashboard.analyses.explore import api
    from dashboard.analyses.explore.text import lost
    from dashboard.heads.head_group import named_together
    from dashboard.heads.head_id import listed_heads, part_of

    of = "" if named_together(args.heads) else part_of(listed_heads(args.heads), api.ONE_PART)
    model, encoding = read(args, of)
    how = {"unit": args.unit, "special": args.special, "between": args.between}
    view = api.attention_together(model, encoding, args.heads, args.together, **how)
    print(lost(view), file=sys.stderr)
    return model, encoding, view


def _run_together(args: argparse.Namespace) -> int:
    """The picture of several heads as one."""
    from dashboard.analyses.explore import api
    from dashboard.export.save import save

    if args.view not in VIEWS or args.measure != "weight":
        raise UserError(f"--together is of weights, and draws one map. Choose a --view of {', '.join(VIEWS)}.")
    model, encoding, view = _several(args)
    chart = api.draw(view, args.view, theme=args.theme)
    save(chart, args.out, api.provenance(model, [view], args.view, theme=args.theme, bos=args.bos, **as_words(args)))
    warn_of_picture(args, encoding.text, [view])
    return written(args.out)
