"""Charts of a profile, for its page and for notebooks.

profile = read_profile(folder)
save(draw_scatter(profile), "heads.svg")          save(draw_budget(profile, "L2H0"), "L2H0.pdf")
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from dashboard.analyses.profile.budget_chart import budget_bars
from dashboard.analyses.profile.library import compare_profiles, profile_library
from dashboard.analyses.profile.roles import FIGURE_TITLES, FIGURES
from dashboard.analyses.profile.scatter_chart import scatter
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.profile.text import census, corpus_of, head_finding, same_roles
from dashboard.analyses.profile.two_corpora_chart import two_corpora
from dashboard.charts.drawing import Drawing
from dashboard.charts.head_grid_values import head_grid
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Each, Model, Part, Variable, given
from dashboard.export.provenance import origin
from dashboard.heads.head_id import HeadId, head_of, heads_of, is_of
from dashboard.heads.untrained import UNTRAINED, has_twin
from dashboard.jobs.results import corpus_sha256
from dashboard.text import ParsedSentence
from dashboard.text.on_places import places_of_words, representative

__all__ = ["draw_budget", "draw_profile", "draw_scatter", "draw_two_corpora", "parse_links", "row_of"]


def draw_scatter(
    profile: Profile,
    *,
    model: str = "",
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    theme: Theme = "light",
    width: float | None = None,
    epoch: int = 0,
    click: bool = False,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Every head as a point, see `scatter_chart`. model: its title; default: its name in the profile; names: what the
    heads are called, for hover."""
    title = model or profile.about["model"]
    chart = scatter(
        profile.heads,
        Look(theme, width),
        title=f"Syntax or context · {title}",
        subtitle=[
            "bits per query word, held out · whiskers: 95 % interval · area: total bits · pale: attention sinks",
            corpus_of(profile.about) + " · crosses: the untrained twin" * has_twin(profile.heads, "bits_syntax"),
        ],
        description=(
            f"Every head of {title} by the bits that only the parse and only meaning explain. {census(profile.heads)}"
        ),
        selection=Selection(selected, tuple(tray), epoch, names),
        click=click,
    )
    return chart.made_of(origin_of_profile(profile, "landscape", "draw_scatter", (), title, theme=theme, width=width))


def draw_budget(
    profile: Profile, head: str | HeadId, *, model: str = "", theme: Theme = "light", width: float | None = None
) -> Drawing:
    """One head's budget next to its position-only baseline, and what explains it.

    Raises UserError where the profile has no such head.
    """
    row, title = row_of(profile, head), model or profile.about["model"]
    name = str(head_of(row))
    chart = budget_bars(
        row,
        Look(theme, width),
        title=f"{name} · {title}",
        subtitle=["where its attention goes, and what explains it in bits (95 % interval)", corpus_of(profile.about)],
        description=f"Where the attention of {name} goes. {head_finding(row, profile.about)}",
    )
    look = {"theme": theme, "width": width}
    return chart.made_of(origin_of_profile(profile, "spending", "draw_budget", (name,), title, heads=(name,), **look))


def draw_two_corpora(
    a: Profile,
    b: Profile,
    figure: str = "context",
    *,
    names: tuple[str, str] = ("the first", "the second"),
    model: str = "",
    theme: Theme = "light",
    width: float | None = None,
) -> Drawing:
    """The same heads on two corpora, see `two_corpora_chart`. model: as in `draw_scatter`. Raises UserError as
    `compare_profiles` does, and for a figure that does not exist."""
    if figure not in FIGURES:
        raise UserError(f"There is no figure “{figure}”. Choose one of {', '.join(FIGURES)}.")
    table, title = compare_profiles(a, b), model or a.about["model"]
    chart = two_corpora(
        table,
        figure,
        Look(theme, width),
        names=names,
        title=f"{figure.capitalize()} on two corpora · {title}",
        subtitle=[
            "bits per query word, held out · colours: the role on the first; hollow: another role on the second",
            f"{corpus_of(a.about)} · {corpus_of(b.about)}",
        ],
        description=f"The heads of {title} on two corpora, by {figure}. {same_roles(table)}",
    )
    look = given(theme=theme, width=width, names=names, model=model or None)
    both = [read_again(one, to, name) for one, to, name in zip((a, b), "ab", names, strict=True)]
    call = Call("draw_two_corpora", (*both, figure), look, makes="figure")
    of = Model(a.about["model"], a.about["revision"], title)
    return chart.made_of(origin(of, "", "twice", call, options=look | {"figure": figure}))


def draw_profile(
    profile: Profile,
    figure: str,
    *,
    model: str = "",
    theme: Theme = "light",
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    width: float | None = None,
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """All heads on one sheet, coloured by a figure of `roles.FIGURES`. model: as in `draw_scatter`;
    selected, tray, epoch, names: as in `dashboard.draw_atlas`. Raises UserError for a figure that does not exist."""
    if figure not in FIGURES:
        raise UserError(f"There is no figure “{figure}”. Choose one of {', '.join(FIGURES)}.")
    title = model or profile.about["model"]
    chart = head_grid(
        profile.heads,
        f"bits_{figure}",
        Look(theme, width),
        title=f"{FIGURE_TITLES[figure]} · {title}",
        unit="bits per query word, held out",
        subtitle=[corpus_of(profile.about)],
        description=f"{FIGURE_TITLES[figure]}, in bits per query word, of all heads of {title}.",
        selection=Selection(selected, tuple(tray), epoch, names),
    )
    look = {"theme": theme, "width": width}
    return chart.made_of(origin_of_profile(profile, f"figure-{figure}", "draw_profile", (figure,), title, **look))


def row_of(profile: Profile, head: str | HeadId) -> dict:
    """The figures of one head. Raises UserError where the profile has no such head."""
    wanted, heads = HeadId.of(head), profile.heads
    found = heads[is_of(heads, wanted)]
    if found.empty:
        raise UserError(f"The profile has no head {wanted}. Its heads end at {max(heads_of(heads))}.")
    return found.iloc[0].to_dict()


def parse_links(
    sentences: Sequence[ParsedSentence], spans: Sequence[tuple[int, int] | None]
) -> list[tuple[int, int, str]]:
    """(word, its head, its relation) for every link of the parse, as positions of a view: by the words' spans in the
    text. Words that share a token are one position, which represents them all in the parse (METRICS §0)."""
    places = sorted((span, k) for k, span in enumerate(spans) if span is not None)
    ends = [end for (_, end), _ in places]
    found = []
    for sentence in sentences:
        parts: dict[int, list[int]] = {}
        for word, (a, b) in enumerate(sentence.spans):
            start, end = sentence.start + a, sentence.start + b
            at = bisect_right(ends, start)
            if at < len(places) and places[at][0][0] <= start and end <= places[at][0][1]:
                parts.setdefault(places[at][1], []).append(word)
        found += _links(sentence, parts)
    return found


def _links(sentence: ParsedSentence, parts: dict[int, list[int]]) -> list[tuple[int, int, str]]:
    place_of, links = places_of_words(parts.items(), len(sentence)), []
    for place, words in parts.items():
        word = representative(sentence, words, place, place_of)
        head = sentence.heads[word]
        if head >= 0 and place_of[head] not in (None, place):
            links.append((place, place_of[head], sentence.relations[word]))
    return links


def origin_of_profile(
    profile: Profile, view: str, verb: str, args: tuple, title: str, *, heads: tuple[str, ...] = (), **options: object
) -> Provenance:
    about, look = profile.about, given(**options)
    named = {} if title == about["model"] else {"model": title}
    source = {f"source_{name}": text for name, text in (about.get("source") or {}).items()}
    return origin(
        Model(about["model"], about["revision"], title),
        "",
        view,
        Call(verb, (read_again(profile, "profile"), *args), named | look, makes="figure"),
        heads=heads,
        options=look | {"file": about["file"], "sha256": about["sha256"]} | source,
    )


def read_again(profile: Profile, to: str, name: str = "") -> Call:
    """The call that reads a profile from the library: by this name, or any profile of this model over this file. One
    over the built-in sentences that the library does not hold is made again."""
    about = profile.about
    if has_twin(profile.heads, "bits_total"):
        own = replace(
            profile, heads=profile.heads[[one for one in profile.heads if not str(one).startswith(UNTRAINED)]]
        )
        return Call("profile_with_twin", (read_again(own, "known", name),), to=to)
    if not name and about["sha256"] == corpus_sha256() and not _in_library(about):
        how = given(limit=about.get("limit"))
        return Call(
            "profile", (Model(about["model"], about["revision"]), Call("builtin_corpus"), "profile"), how, to=to
        )
    where = {"name": name} if name else {"model": about["model"], "file": about["file"]}
    folders = Each(Variable("kept.folder"), "kept", Call("profile_library"), where, to="folders")
    note = f"Any profile of {about['model']} ({about['revision']}) over a file with this SHA-256: {about['sha256']}"
    return Call("read_profile", (Part(folders, 0),), to=to, note=note)


def _in_library(about: dict) -> bool:
    """Whether the library holds a profile of this model over so many sentences of this file."""
    wanted = (about["model"], about["revision"], about["file"], about["sentences"]["used"])
    return any((one.model, one.revision, one.file, one.sentences) == wanted for one in profile_library())
