"""Eight short stories that name one person twice, with paragraphs between, written for this measurement.

Each has an opening and an ending with the name, once each, and two paragraphs without it. With none, one or both of
these between, the two mentions are in neighbouring paragraphs, or one or two paragraphs apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.analyses.long_range.trial import Trial

BETWEEN = (0, 1, 2)  # paragraphs between the two that name the person


@dataclass(frozen=True)
class Story:
    """A name, the paragraph with its first mention, two without it, and the paragraph with its second mention."""

    name: str
    opening: str
    middle: tuple[str, str]
    ending: str


STORIES = (
    Story(
        "Clara",
        "On the first day of spring a woman called Clara opened a small bakery beside the canal. She had saved for it "
        "for nine years and painted the sign herself.",
        (
            "At first only the boatmen came. They bought rye loaves before sunrise, paid with cold fingers, and argued "
            "about the height of the water until the kettle was empty.",
            "Then a newspaper printed a short note about the cinnamon rolls. Within a month there was a queue over the "
            "bridge, and two students had to be hired for the mornings.",
        ),
        "Last week the lease was renewed for another ten years. When the papers were signed, Clara cut the first loaf "
        "of the day into pieces and gave it away.",
    ),
    Story(
        "Victor",
        "The orchestra had been without a conductor since the autumn, and so the committee wrote to Victor in Vienna. "
        "The answer came by return of post, in green ink.",
        (
            "Rehearsals began in a gymnasium that smelled of rubber and chalk. The cellos sat under a basketball hoop, "
            "and the drums had to share a corner with the vaulting horses.",
            "By December the hall was ready at last. The carpenters swept up their shavings, the chairs were numbered "
            "again, and the heating made a sound like a tired bassoon.",
        ),
        "The first evening was sold out. Before the lights went down, Victor walked once around the empty stage and "
        "touched every music stand.",
    ),
    Story(
        "Miriam",
        "Every map in the archive had been drawn by hand, and for thirty years it was Miriam who looked after them. "
        "She knew each crease and each forgotten island.",
        (
            "The building itself was less reliable. Rain came through the skylight in November, the lift stopped "
            "between floors, and pigeons nested behind the atlas of winds.",
            "One summer the city sent two engineers with scanners. They worked in white gloves from eight to four, and "
            "by the end of August most of the world was stored on a disk.",
        ),
        "A party was held in the reading room when the last sheet was done. There was cake, there were speeches, and "
        "Miriam locked the cabinets herself.",
    ),
    Story(
        "Walter",
        "It took three letters and a telephone call before Walter agreed to lend the museum his telescope. It had "
        "stood in an attic since the comet of his childhood.",
        (
            "The transport was planned like a burglary. Four students carried the tube down a spiral staircase, a "
            "neighbour held the dogs, and nobody breathed on the second landing.",
            "In the workshop the mirror was cleaned with distilled water and patience. Under a century of dust the "
            "glass turned out to be perfect, without a single scratch.",
        ),
        "At the opening the queue went twice around the courtyard. The first person to look at the moon that night was "
        "Walter, and he looked for a long time.",
    ),
    Story(
        "Nadia",
        "The harbour school had never had a rowing team until Nadia arrived from the lakes. In her first week she "
        "found two boats under a tarpaulin and asked for paint.",
        (
            "There were eleven volunteers and nine oars. They trained before lessons, in fog so thick that the coach "
            "shouted directions through a traffic cone from the end of the pier.",
            "The regatta in June drew crews from the whole coast. Most of them had carbon boats, matching jackets and "
            "a van, and some had brought their own cook.",
        ),
        "Nobody at home believed the result until they saw the cup. It stands in the hall by the coats now, because "
        "Nadia says that silver should smell of the sea.",
    ),
    Story(
        "Hugo",
        "When the last cinema in the valley closed, the projectors were bought by Hugo for the price of their lenses. "
        "He put them in a barn and covered them with blankets.",
        (
            "The winter was long and the road was often shut. People read by the stove, mended what was torn, and told "
            "each other the plots of films they half remembered.",
            "In April a travelling theatre came through and asked for a roof. The barn was swept, benches were made of "
            "planks and beer crates, and the swallows were allowed to stay.",
        ),
        "On the second night the actors were ill, and the benches were full. So Hugo took off the blankets, threaded "
        "an old comedy, and the valley laughed in the dark.",
    ),
    Story(
        "Edith",
        "Nobody had asked for a garden on the roof of the hospital, but Edith carried up the first bucket of soil in "
        "the middle of a night shift. The beans were for the kitchen.",
        (
            "The caretaker complained about the weight, and the insurance about the ladder. A meeting was called, "
            "minutes were taken, and the question was sent to another committee.",
            "Meanwhile the patients on the fifth floor had noticed the colours. They opened their blinds earlier, "
            "asked for the names of the flowers, and began to take the stairs.",
        ),
        "There are benches up there today, and a rail along the edge. The beds have little signs in careful capitals, "
        "and in the evening Edith waters the beans.",
    ),
    Story(
        "Oscar",
        "The lighthouse on the northern point was the last one with a keeper, and the keeper was Oscar. Twice a day he "
        "wound the clockwork and wrote down the wind.",
        (
            "Supplies came on a grey boat every other Thursday. There was flour, lamp oil and a sack of newspapers, "
            "which were read in the right order and never two on one day.",
            "Then a technician arrived with a solar panel and a small black box. The light turned by itself from that "
            "evening on, and the clockwork was carried off to a museum.",
        ),
        "The ministry offered a flat in town with a view of a park. But the boat still stops on Thursdays, and on "
        "clear nights Oscar writes down the wind.",
    ),
)


def mentions() -> tuple[tuple[Trial, ...], ...]:
    """All stories at all distances: a row per story, in each a trial per number of paragraphs of `BETWEEN`.

    The query word is the second mention of the name, the key word is the first.
    """
    return tuple(tuple(_trial(story, between) for between in BETWEEN) for story in STORIES)


def _trial(story: Story, between: int) -> Trial:
    text = "\n\n".join([story.opening, *story.middle[:between], story.ending])
    return Trial(text, looks=text.rindex(story.name), seen=text.index(story.name))
