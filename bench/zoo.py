"""Every type of text model that the installed transformers builds, made tiny: is its attention read right?

Each type in a process of its own, so that one that crashes or hangs ends itself alone. The table goes to build/zoo.csv,
and as a document to docs/architectures.md.
"""

from __future__ import annotations

import csv
import multiprocessing
import tempfile
from collections import Counter
from collections.abc import Collection
from multiprocessing.connection import Connection
from pathlib import Path

TOLERANCE = 1e-4  # as when a model is opened; logits that are not scaled down (T5) round to 3e-5
SECONDS = 120
SENTENCES = 5  # of a profile
PRELOADED = [
    "dashboard.capture.open",
    "dashboard.analyses.ablation.api",
    "dashboard.analyses.contribution.api",
    "dashboard.analyses.inside.api",
    "dashboard.analyses.profile.run",
    "dashboard.analyses.scores.api",
    "tests.helpers.eager",
    "tests.helpers.tiny",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto",
]
MEASURED = ("scores", "contribution", "ablation", "verify", "profile")
COLUMNS = ("type", "found", "route", "layers", "difference", "tokens", *MEASURED, "together", "says")
OUT, DOCUMENT = Path("build/zoo.csv"), Path("docs/architectures.md")
HEAD = """# Architectures

Which types of text model open, and what works with each. `python -m bench zoo` makes this page: it makes a tiny model
of every type with a text model that transformers {version} has, with random weights. It holds the attention against the
library's own eager attention: on 24 tokens, on up to 100 (beyond every window and budget of the tiny model), and on
both as one batch. Of {every} types, {right} are read right and {wrong} wrong; {refused} are refused, and {unbuilt} are
not made: their tiny sizes do not fit together, or the library lacks a package or a setting. Nothing is said of these.

## Read

- Through: the tap reads weights inside the model's attention, a block of rows at a time; “eager” means that the library
  builds all maps at once, and these are handed on.
- Layers: how many have maps of attention over all tokens, of how many; of an encoder–decoder the encoder's.
- Difference: the largest |a − b| to the library's own eager attention, over all layers, heads, rows and texts. Of
  route “eager” it only says that nothing is lost on the way.
- Scores, contribution, ablation, verify, profile: “yes” where it gives figures, “no” where it says why not. Verify
  holds our own attention against the model's in every layer; the profile is of {sentences} built-in sentences. It
  leaves out a sentence of which a layer hides a part, and the windows of these tiny models are shorter than a sentence.
- Of an encoder–decoder all but the difference is of its encoder. A decoder may go through the tap where its encoder
  does not.
- Batches: “one by one” where padding changes what the model reads, so texts of different lengths are read one by one.

| type | through | layers | difference | scores | contribution | ablation | verify | profile | batches |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def one(kind: str) -> dict[str, object]:
    """What becomes of one type: `found` is right, wrong, refused, crashed, or unbuilt where the library makes no tiny
    model of it; `difference` the largest |a - b| to the library's own eager attention, over all layers and texts.
    "padding" where only the texts of a padded batch differ from the same texts alone: such a model reads padding. What
    else works with the model stands in a column each: "yes" or "no"."""
    from dashboard.capture import open_model
    from dashboard.errors import UserError
    from tests.helpers import tiny

    with tempfile.TemporaryDirectory() as folder:
        try:
            tiny.make(kind, folder)
        except Exception as error:
            return {"found": "unbuilt", "says": _short(error)}
        try:
            model = open_model(folder)
        except UserError as said:
            return {"found": "refused", "says": str(said).replace(folder, kind).replace(Path(folder).name, kind)}
        try:
            differences, padded, tokens = _differences(model, folder)
        except UserError as said:
            return {"found": "refused", "route": model.route, "says": str(said).replace(Path(folder).name, kind)}
        most = max(differences)
        found = "right" if most <= TOLERANCE else "wrong"  # NaN is wrong
        if found == "right" and padded > TOLERANCE:
            found, most = "padding", padded
        layers = f"{len(model.numbers)} of {model.layers}"
        row = {"found": found, "route": model.route, "layers": layers, "difference": f"{most:.1e}", "tokens": tokens}
        return row | _measured(model) | {"together": "one by one" if model.alone else "together"}


def _measured(model) -> dict[str, str]:
    """What works with the model, or an encoder–decoder's encoder: "yes", or "no" where a sentence says why."""
    from dashboard import ablate, contributions, scores, verify
    from dashboard.analyses.profile.run import profile
    from dashboard.corpus.builtin import builtin_corpus
    from dashboard.errors import UserError
    from tests.helpers import tiny

    text, head = tiny.SENTENCES[0], model.all_heads[-1]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        works = (
            lambda: scores(model, text),
            lambda: contributions(model, text, [head]),
            lambda: ablate(model, text, [head]),
            lambda: verify(model, text),
            lambda: profile(model, builtin_corpus(), Path(folder) / "profile", limit=SENTENCES, format="csv"),
        )
        for name, work in zip(MEASURED, works, strict=True):
            try:
                work()
                found[name] = "yes"
            except UserError:
                found[name] = "no"
    return found


def _differences(model, folder: str) -> tuple[list[float], float, int]:
    """The largest differences on 24 tokens and on a text beyond every window and budget of `tiny.SIZES`; the largest on
    both as one batch, padded; and how many tokens the longest has."""
    import numpy as np

    from dashboard.capture.visit import visit
    from tests.helpers import tiny
    from tests.helpers.eager import by_the_library

    if model.parts:
        return _of_parts(model, folder)
    words = " ".join(tiny.SENTENCES)
    texts = [model.encode(words, limit=limit) for limit in (24, min(model.limit, 100))]
    expected = [np.stack(by_the_library(folder, text.ids)) for text in texts]

    class Keep:
        def __init__(self, sizes: list[tuple[int, ...]]):
            self.seen = [np.zeros(size, dtype=np.float32) for size in sizes]

        def block(self, block) -> None:
            place, weights = model.numbers.index(block.layer), block.weights.cpu().numpy()
            self.seen[block.text][place, list(block.heads), block.rows, : weights.shape[-1]] = weights

    found = []
    for which in ([0], [1], [0, 1]):
        keep = Keep([expected[i].shape for i in which])
        visit(model, [texts[i] for i in which], keep)
        found += [float(abs(seen - expected[i]).max()) for seen, i in zip(keep.seen, which, strict=True)]
    found = [one if one == one else float("inf") for one in found]
    return found[:2], max(found[2:]), len(texts[1])


def _of_parts(model, folder: str) -> tuple[list[float], float, int]:
    """The same for the three parts of an encoder–decoder, on one source and one target."""
    import torch
    from transformers import AutoModel

    from dashboard.capture import head_weights, read_part
    from dashboard.capture.maps import handed_out
    from tests.helpers import tiny

    source, target = tiny.SENTENCES[0], tiny.SENTENCES[1]
    reads = {part: read_part(model, source, part, target) for part in model.parts}
    library = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    ids = {part: torch.tensor([text.ids]) for part, (_, text) in reads.items()}
    with torch.inference_mode():
        more = {"output_attentions": True, "use_cache": False}  # FSMT has no causal mask with a cache
        output = library(input_ids=ids["encoder"], decoder_input_ids=ids["decoder"], **more)
    found = []
    for part, (read, text) in reads.items():
        expected = handed_out(read.loaded.model, output, len(text), f"{part}_attentions")
        for head, weights in zip(read.all_heads, head_weights(read, text, read.all_heads), strict=True):
            found.append(float(abs(weights - expected[head.layer][0, head.head].numpy()).max()))
    return [one if one == one else float("inf") for one in found], 0.0, len(reads["encoder"][1])


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"


def kinds() -> list[str]:
    """Every type whose base model reads text and nothing else, by what its class says of itself."""
    from transformers import CONFIG_MAPPING, MODEL_MAPPING

    found = []
    for kind in sorted(CONFIG_MAPPING):
        try:
            config = CONFIG_MAPPING[kind]
            model = MODEL_MAPPING[config]
            model = model if isinstance(model, type) else model[0]
            senses = getattr(model, "input_modalities", "text")
            first = getattr(model, "main_input_name", "input_ids")
        except Exception:  # no base model, or a library that is not here
            continue
        if "text" in ([senses] if isinstance(senses, str) else senses) and first == "input_ids":
            found.append(kind)
    return found


def _send(kind: str, end: Connection) -> None:
    try:
        found = one(kind)
    except BaseException as error:
        found = {"found": "crashed", "says": _short(error)}
    end.send(found)


def _apart(kind: str) -> dict[str, object]:
    """`one` in a process of its own, which has torch and transformers imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    mine, end = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(kind, end), daemon=True)
    process.start()
    end.close()
    try:
        if mine.poll(SECONDS):
            return mine.recv()
        return {"found": "crashed", "says": f"not done in {SECONDS} s"}
    except EOFError:
        process.join(1)
        return {"found": "crashed", "says": f"the process ended with status {process.exitcode}"}
    finally:
        process.kill()
        process.join()


def document(rows: list[dict[str, str]]) -> str:
    """The page with the rows of build/zoo.csv."""
    import transformers

    counts = Counter(row["found"] for row in rows)
    of = {name: [row for row in rows if row["found"] == name] for name in counts}
    text = HEAD.format(
        version=transformers.__version__,
        sentences=SENTENCES,
        every=len(rows),
        right=counts["right"],
        wrong=counts["wrong"] + counts["padding"] + counts["crashed"],
        refused=counts["refused"],
        unbuilt=counts["unbuilt"],
    )
    for row in of.get("right", []):
        text += "| " + " | ".join([f"`{row['type']}`", *(row[name] for name in ("route", "layers", "difference"))])
        text += " | " + " | ".join(row[name] for name in (*MEASURED, "together")) + " |\n"
    for title, name in (("Wrong", "wrong"), ("Wrong in batches", "padding"), ("Crashed", "crashed")):
        if name in of:
            text += f"\n## {title}\n\n| type | difference |\n| --- | --- |\n"
            text += "".join(f"| `{row['type']}` | {row['difference'] or row['says']} |\n" for row in of[name])
    text += "\n## Refused\n\nThe page and every command say the sentence.\n\n| type | sentence |\n| --- | --- |\n"
    text += "".join(f"| `{row['type']}` | {_cell(row['says'])} |\n" for row in of.get("refused", []))
    text += "\n## Not made\n\n| type | what the library says |\n| --- | --- |\n"
    return text + "".join(f"| `{row['type']}` | {_cell(row['says'])} |\n" for row in of.get("unbuilt", []))


def _cell(said: str) -> str:
    """A sentence in a cell of a table: nothing in it is a mark, and no address is a link."""
    said = said.replace("Choose another model.", "").replace("://", ": ").strip()
    return "".join("\\" + one if one in "|*_`<>[]\\" else one for one in " ".join(said.split()))


def main(types: Collection[str] = ()) -> None:
    """Prints a row for each type as it is done; writes all to build/zoo.csv and docs/architectures.md.

    types: only these, none for all; the rows of the others stay as they are in build/zoo.csv
    """
    OUT.parent.mkdir(exist_ok=True)
    rows = {row["type"]: row for row in _kept()} if types else {}
    with OUT.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        for kind in kinds():
            row = {"type": kind} | (_apart(kind) if not types or kind in types else rows.get(kind, {}))
            table.writerow(row)
            file.flush()
            if not types or kind in types:
                print("  ".join(str(row.get(name, "")) for name in COLUMNS), flush=True)
    every = _kept()
    DOCUMENT.write_text(document(every), encoding="utf-8")
    counts = Counter(row["found"] for row in every)
    print(", ".join(f"{count} {found}" for found, count in counts.most_common()), f"→ {OUT}, {DOCUMENT}")


def _kept() -> list[dict[str, str]]:
    """The rows of build/zoo.csv."""
    with OUT.open(newline="") as file:
        return list(csv.DictReader(file, restval=""))
