"""Every sentence of the course: the idea of a step, its question, what stands on a choice, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard.analyses.course.answers import Answer, Option
from dashboard.heads.format import percent, quoted

TITLES: Mapping[str, str] = {
    "fading": "Memory fades",
    "at_once": "All words at once",
    "best_key": "Query, key, value",
    "without_factor": "The scaled dot product",
    "softmax_ratio": "Softmax",
    "hands_over": "Weighted values",
    "different_words": "Several heads",
    "syntax_head": "Syntax and context",
    "added_most": "Concatenate and project",
    "reach": "Long range",
}

IDEAS: Mapping[str, str] = {
    "fading": "A recurrent network (RNN) reads one symbol after the other. After each it keeps one vector, its state, "
    "and nothing else. So the first symbol must survive every later step.",
    "at_once": "Attention compares every token (a word or a part of one) with every other in one matrix product. Each "
    "pair gets a score, and no token waits for another. One such attention is called a head.",
    "best_key": "Each token makes a query (what it looks for), a key (what it offers) and a value (what it hands "
    "over). The key that fits a query best gets the most weight. Heads are named by layer and number, from 0: L2H9.",
    "without_factor": "A score is the dot product of a query and a key, divided by √d. d is how many numbers a query "
    "has; the larger d, the larger the dot products. Without √d, one key would take nearly all the weight.",
    "softmax_ratio": "Softmax turns scores into weights that sum to 100 %. It raises e to each score and divides by "
    "the sum.",
    "hands_over": "The result of a head is the sum of all values, each times its weight. A large weight on a short "
    "value hands over little.",
    "different_words": "A layer has several heads. Each has its own queries and keys, so each can look for something "
    "else.",
    "syntax_head": "Some heads follow grammar (syntax): from a verb to its subject. Others follow meaning (context): "
    "to words on the same topic.",
    "added_most": "The results of all heads stand next to each other (concatenation). One more matrix, W_O, mixes them "
    "into the layer's output.",
    "reach": "Between any two words attention takes one step, however far apart they are. So a name can find its first "
    "mention, paragraphs before.",
}

DEEPER: Mapping[str, str] = {
    "fading": "Train such networks yourself",
    "at_once": "See all heads on your text",
    "best_key": "Follow this query through the head",
    "without_factor": "Switch √d off by hand",
    "softmax_ratio": "See the scores and weights of this head",
    "hands_over": "See the values of this head",
    "different_words": "See every head as a small map",
    "syntax_head": "See how syntax and context are measured",
    "added_most": "See what every head of the layer adds",
    "reach": "Measure all heads at six distances",
}


def question(step: str, answer: Answer) -> str:
    """What is asked, with the text's own words."""
    about = answer.about
    query = quoted(str(about.get("query", "")))
    asks: dict[str, Callable[[], str]] = {
        "fading": lambda: f"How often does a plain RNN recall the first symbol after {about['distance']} others?",
        "at_once": lambda: f"Your text has {about['n']} tokens. How many scores does a head compute for it?",
        "best_key": lambda: f"Which token will {query} look at most in head {about['head']}?",
        "without_factor": lambda: (
            f"In head {about['head']} the attention of {query} is as spread out as equal weights on "
            f"{tokens(about['spread'])}. On how many would it be without √d?"
        ),
        "softmax_ratio": lambda: (
            f"{quoted(about['first'])} scores {signed(about['a'])}, {quoted(about['second'])} {signed(about['b'])}. "
            f"How many times the weight of {quoted(about['second'])} does {quoted(about['first'])} get?"
        ),
        "hands_over": lambda: (
            f"In head {about['head']} {query} gives {percent(about['weight'])} of its attention to "
            f"{quoted(about['strongest'])}. Which token hands over most?"
        ),
        "different_words": lambda: (
            f"Layer {about['layer']} has {about['heads']} heads. From {query}, each gives one token the most "
            "attention. How many different tokens are these? (Special tokens are left out.)"
        ),
        "syntax_head": lambda: "Which of these two heads follows syntax?",
        "added_most": lambda: f"Which of these heads adds most to {query} in layer {about['layer']}?",
        "reach": lambda: (
            f"{quoted(about['name'])} comes again {about['far'].distance} words later. How much of its attention does "
            f"the second {quoted(about['name'])} give to the first, in head {about['far'].head}?"
        ),
    }
    return asks[step]()


def label(step: str, option: Option) -> str:
    """What stands on a choice."""
    if option.label:
        return f"Head {option.key}" if step == "syntax_head" else option.label
    return amount(step, option.value)


def amount(step: str, value: float) -> str:
    """A number of a step, with its unit."""
    if step in ("fading", "reach"):
        return percent(value)
    if step == "without_factor":
        return tokens(value)
    if step == "softmax_ratio":
        return f"{rounded(value)}\u00a0times"
    return f"{value:,.0f}"


def verdict(step: str, answer: Answer, guess: str) -> str:
    """The guess next to what was measured, in a sentence or two."""
    option = answer.option(guess)
    begins = "Right." if guess in answer.right else f"You said {_said(step, option)}."
    return f"{begins} {measured(step, answer)}"


def measured(step: str, answer: Answer) -> str:
    """The measured answer with its figures."""
    about = answer.about
    says: dict[str, Callable[[], str]] = {
        "fading": lambda: (
            f"Measured: {percent(answer.measured)} (95 % interval {percent(about['low'])} to {percent(about['high'])}, "
            f"{about['seeds']} seeds). Guessing gives {100 * about['chance']:.3g}\u00a0%, one attention layer "
            f"{percent(about['attention'])}."
        ),
        "at_once": lambda: _pairs(answer),
        "best_key": lambda: (
            f"{quoted(about['best'])} gets {percent(answer.measured)}; an even spread would give it "
            f"{percent(1 / about['visible'])}."
        ),
        "without_factor": lambda: (
            f"Measured: {tokens(answer.measured)} instead of {tokens(about['spread'])}; d is {about['d']}. "
            + ("Without √d the largest score takes nearly all." if answer.measured < 1.5 else "The row is sharper.")
        ),
        "softmax_ratio": lambda: (
            f"Measured: {rounded(answer.measured)}\u00a0times. Softmax turns a difference of "
            f"{rounded(about['a'] - about['b'])} into a ratio: e to the {rounded(about['a'] - about['b'])}."
        ),
        "hands_over": lambda: _most(answer),
        "different_words": lambda: (
            f"Measured: {answer.measured:.0f} different tokens from {about['heads']} heads."
            + (" Each head has its own view." if answer.measured > about["heads"] / 2 else " Several heads agree.")
        ),
        "syntax_head": lambda: _syntax(answer),
        "added_most": lambda: (
            f"{_names(answer)} adds {rounded(answer.measured)} (the length of its part of the output); the "
            f"{about['heads']} heads add {rounded(about['mean'])} on average."
        ),
        "reach": lambda: (
            f"Measured: {percent(about['far'].share)}. Words as far away get {percent(about['far'].apart)}, an even "
            f"spread would give {percent(about['far'].even)}."
        ),
    }
    return says[step]()


def tokens(count: float) -> str:
    return f"{rounded(count)} token{'' if rounded(count) == '1' else 's'}"


def rounded(value: float) -> str:
    """Two figures that matter: 1.04 → "1", 2.36 → "2.4", 37.4 → "37", 12345 → "12,000"."""
    if abs(value) >= 100:
        digits = len(f"{abs(value):.0f}") - 2
        return f"{round(value, -digits):,.0f}"
    return f"{value:.0f}" if abs(value) >= 9.95 else f"{value:.2g}"


def signed(value: float) -> str:
    return f"{value:.1f}".replace("-", "−")


def _said(step: str, option: Option) -> str:
    if option.label and step != "syntax_head":
        figure = percent(option.value) if step == "best_key" else rounded(option.value)
        return f"{quoted(option.label) if step != 'added_most' else option.label} ({figure})"
    return label(step, option)


def _pairs(answer: Answer) -> str:
    n, about = answer.about["n"], answer.about
    many = f"{answer.measured:,.0f} scores"
    how = (
        f"each of the {n} tokens meets itself and the tokens before it (the model is causal)"
        if answer.measured == n * (n + 1) / 2
        else f"each of the {n} tokens meets all {n}"
        if answer.measured == n * n
        else "the mask hides the others"
    )
    return f"Head {about['head']} computes {many}: {how}. A recurrent network would take {n} steps in a row."


def _most(answer: Answer) -> str:
    about = answer.about
    same = about["best"] == about["strongest"]
    return f"{quoted(about['best'])} hands over {rounded(answer.measured)} (the length of weight · value)" + (
        ": it has the largest weight as well."
        if same
        else f", {quoted(about['strongest'])} only {rounded(about['of_strongest'])}."
    )


def _syntax(answer: Answer) -> str:
    [right] = answer.right
    head, syntax, _ = next(one for one, key in zip(answer.about["order"], "AB", strict=True) if key == right)
    other, _, context = next(one for one, key in zip(answer.about["order"], "AB", strict=True) if key != right)
    return (
        f"Head {right} is {head}: syntax alone explains {syntax:.2f} bits of its attention per word. The other, "
        f"{other}, follows context: meaning alone explains {context:.2f} bits. Measured over {answer.about['corpus']}."
    )


def _names(answer: Answer) -> str:
    return " and ".join(answer.option(key).label for key in sorted(answer.right))
