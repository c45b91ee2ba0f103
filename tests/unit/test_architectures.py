"""The page of architectures: what `python -m bench zoo` found, with every type that is refused by name and reason."""

import re

from bench.zoo import MEASURED, document
from tools.server import ROOT

PAGE = (ROOT / "docs" / "architectures.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([^`]+)` \| (.+) \|$", re.MULTILINE)


def part(text, title):
    """The rows under a heading: type → the rest of its row."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return dict(ROW.findall(found[1])) if found else {}


# The reason in the model, as its sentence says it → types
REASONS = {
    "none of its layers is one of attention": {"falcon_mamba", "fnet", "mamba", "mamba2", "xlstm"},
    "it approximates its attention by blocks of tokens": {"mra"},
    "none of its layers compares each token with every other": {"rwkv"},
    "its layers use no softmax over the keys": {"yoso"},
    "its attention maps are not one row and one column per token": {"diffusion_gemma"},
    "most of its layers attend over patches of bytes": {"blt"},
    "it does not read tokens of a text": {
        "blip_2_qformer",
        "exaone4_5_vision",
        "kyutai_speech_to_text",
        "qwen2_5_vl_vision",
    },
    "reads no tokens of a text, or not by one table of vectors": {
        "bark",
        "dia",
        "fastspeech2_conformer",
        "fastspeech2_conformer_with_hifigan",
        "gemma4_vision",
        "glm_image_vqmodel",
        "vits",
    },
    "it also reads where each token stands on a page": {"bros", "udop"},
    "it cannot be run on text alone": {
        "florence2",
        "idefics",
        "llama4",
        "lxmert",
        "tvp",
        "unlimited_ocr",
        "vilt",
        "voxtral_realtime",
    },
    "which holds a text against images": {"altclip"},
    "which holds a text against sound": {"clvp"},
    "reads sound beside text": {"pe_audio"},
}


def test_no_type_is_read_wrong_and_hardly_one_is_not_made():
    assert not [title for title in ("Wrong", "Wrong in batches", "Crashed") if part(PAGE, title)]
    assert len(part(PAGE, "Read")) >= 300


def test_every_refused_type_has_its_reason():
    sentences = part(PAGE, "Refused")
    assert sorted(sentences) == sorted(kind for kinds in REASONS.values() for kind in kinds)
    for reason, kinds in REASONS.items():
        for kind in kinds:
            assert reason in sentences[kind].replace("\\", ""), kind


def test_the_page_has_every_row_once_where_it_belongs():
    right = {
        "type": "bert",
        "found": "right",
        "route": "tap",
        "difference": "1e-7",
        "tokens": "24",
        "says": "",
        "layers": "2 of 3",
    }
    works = dict(zip(MEASURED, ("yes", "no", "yes", "no", "yes"), strict=True)) | {"together": "one by one"}
    bad = {"route": "", "layers": "", "difference": "", **dict.fromkeys(works, "")}
    rows = [
        right | works,
        bad | {"type": "a", "found": "refused", "says": "A “|” and\n_one_ at https://b.c. Choose another model."},
        bad | {"type": "d", "found": "crashed", "says": "not done"},
        bad | {"type": "e", "found": "unbuilt", "says": "Error"},
    ]
    page = document(rows)
    assert part(page, "Read") == {"bert": "tap | 2 of 3 | 1e-7 | yes | no | yes | no | yes | one by one"}
    assert part(page, "Refused") == {"a": r"A “\|” and \_one\_ at https: b.c."}
    assert (part(page, "Crashed"), part(page, "Not made")) == ({"d": "not done"}, {"e": "Error"})
    assert "Of 4 types, 1 are read right and 1 wrong; 1 are refused, and 1 are\nnot made" in page
