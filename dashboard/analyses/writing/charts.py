"""What a model wrote: its tokens after the end of the prompt, and the alternatives of one of them."""

from __future__ import annotations

from dashboard.analyses.writing.text import chosen_by, token_finding, written_finding
from dashboard.analyses.writing.tokens import Written
from dashboard.charts.canvas import Canvas
from dashboard.charts.drawing import Drawing, sheet
from dashboard.charts.labels import width_of
from dashboard.charts.look import Look
from dashboard.charts.sanitize import drawable
from dashboard.charts.theme import TOKENS_FONT
from dashboard.heads.format import percent

WIDTH, NARROW = 780.0, 440.0  # pixels
PROMPT = 24  # tokens of the prompt that are drawn
SIZE, SMALL = 14.0, 11.0  # pixels of type: tokens, probabilities
LINE, TALL = 52.0, 44.0  # pixels from line to line, of a token's box
PAD, GAP, BAR = 5.0, 3.0, 4.0  # inside a box, between boxes, the height of a bar
ROW, THICK = 26.0, 14.0  # of a row of alternatives, of its bar
NAMES = 120.0


def written_chart(found: Written, look: Look, place: int | None = None, epoch: int | None = None) -> Drawing:
    """The last tokens of the prompt in grey, then the written tokens, each over its probability as a bar and a figure.

    Parameters
    ----------
    look: 780 pixels wide by default
    place: the written token that is framed
    epoch: if given, a click on a token sets the point parameter "token", with the fields place and epoch
    """
    p, width = look.palette, look.width_or(WIDTH) - 12
    canvas = Canvas(corner=2)
    x = y = 0.0
    shown = found.prompt.drawn[-PROMPT:]
    cells = [(label, None) for label in (("…", *shown) if len(shown) < len(found.prompt) else shown)]
    cells += [(token.label, token) for token in found.tokens]
    for label, token in cells:
        name = drawable(label)
        figure = "" if token is None else percent(token.p)
        wide = min(width, max(width_of(name, SIZE, mono=True), width_of(figure, SMALL)) + 2 * PAD)
        if x and x + wide > width:
            x, y = 0.0, y + LINE
        middle = x + wide / 2
        colour = p.quiet if token is None else p.text
        how = {"align": "center", "baseline": "middle", "limit": wide}
        canvas.write(middle, y + 11, name, colour, SIZE, font=TOKENS_FONT, **how)
        if token is not None:
            inner = wide - 2 * PAD
            canvas.box(x + PAD, y + 22, inner, BAR, p.hair)
            canvas.box(x + PAD, y + 22, max(1.0, inner * token.p), BAR, p.ink)
            canvas.write(middle, y + 35, figure, p.quiet, SMALL, **how)
            if token.place == place:
                canvas.frame(x, y, wide, TALL, p.text, 1.5)
            fields = {} if epoch is None else {"place": token.place, "epoch": epoch}
            canvas.place(x, y, wide, TALL, f"{name}: {figure}, rank {token.rank:,}", **fields)
        x += wide + GAP
    return sheet(
        canvas.body(width, y + TALL + 2, "token" if epoch is not None and found.tokens else None),
        look.theme,
        title=f"What {drawable(found.model)} writes",
        subtitle=["grey: the end of the prompt · bar: the probability of a token", chosen_by(found.sampling)],
        description=written_finding(found),
        width=width,
    )


def alternatives_chart(found: Written, place: int, look: Look) -> Drawing:
    """A row for the written token, in ink, and for each of its alternatives, in grey: its probability as a bar.

    look: 440 pixels wide by default
    """
    p, width = look.palette, look.width_or(NARROW) - 12
    found.position(place)
    token = found.tokens[place]
    rows = [(token.label, token.p, True), *((other.label, other.p, False) for other in token.others)]
    names = min(NAMES, 0.34 * width)
    figures = max(width_of(percent(p), SMALL) for _, p, _ in rows)
    long, most = width - names - figures - 22, max(p for _, p, _ in rows)
    canvas = Canvas()
    for k, (label, share, chosen) in enumerate(rows):
        name, middle = drawable(label), (k + 0.5) * ROW
        canvas.write(
            names,
            middle,
            name,
            p.text,
            SIZE,
            weight=600 if chosen else 400,
            align="right",
            baseline="middle",
            limit=names,
            font=TOKENS_FONT,
        )
        wide = max(1.0, long * share / most)
        colour = p.ink if chosen else p.quiet
        canvas.box(names + 10, middle - THICK / 2, wide, THICK, colour, tip=f"{name}: {percent(share)}")
        canvas.write(names + 16 + wide, middle, percent(share), p.quiet, SMALL, baseline="middle")
    return sheet(
        canvas.body(width, len(rows) * ROW),
        look.theme,
        title=f"In the place of “{drawable(token.label)}” · {drawable(found.model)}",
        subtitle=[f"written token {place + 1} · dark: the written token, grey: its alternatives"],
        description=token_finding(found, place),
        width=width,
    )
