"""Which font draws which character, and in which order the runs of a line stand."""

import io
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import vl_convert
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dashboard.export import font_notice, missing_glyphs
from dashboard.export.typography import notice, runs, system_fonts
from dashboard.export.typography import place as placing
from dashboard.export.typography.bidi import levels, visual
from dashboard.export.typography.bounds import widen_canvas
from dashboard.export.typography.place import HREF, SVG, TEXT, place_text
from dashboard.export.typography.shipped_fonts import (
    MONO,
    MONO_STACK,
    SANS,
    SANS_STACK,
    SHIPPED,
    shipped_characters,
    shipped_file,
)
from dashboard.export.typography.system_fonts import Face


@pytest.fixture
def machine(monkeypatch):
    """A function that gives this machine exactly these fonts."""

    def has(*faces):
        found = {}
        for face in faces:
            found.setdefault(face.family, []).append(face)
        monkeypatch.setattr(runs, "families", lambda: {name: tuple(of) for name, of in found.items()})
        monkeypatch.setattr(placing, "families", lambda: {name: tuple(of) for name, of in found.items()})
        clear()

    def clear():
        for cached in (runs.runs, runs._face_for, runs._ranked, placing._em_width):
            cached.cache_clear()

    yield has
    clear()


def face(family, charset, *, weight=400, colour=False, file=None):
    return Face(family, weight, file or str(shipped_file(MONO, 400)), 0, colour, charset)


DEVANAGARI = face("Noto Sans Devanagari", "20 900-97f 200c-200d")
HEBREW = face("Noto Sans Hebrew", "20 590-5ff")
ARABIC = face("Noto Sans Arabic", "20 600-6ff")
HAN_CN = face("Noto Sans CJK SC", "20-7e 3000-30ff 4e00-9fff")
HAN_JP = face("Noto Sans CJK JP", "20-7e 3000-30ff 4e00-9fff")
EMOJI = face("Noto Color Emoji", "23 2a 30-39 a9 200d 260e fe0f 1f1e6-1faff", colour=True)


def cut(text, base=SANS):
    return [(run.text, run.family) for run in runs.runs(text, base)]


# Our own fonts --------------------------------------------------------------------------------------------------


def test_shipped_fonts_draw_what_charts_are_made_of():
    for family in (SANS, MONO):
        assert {ord(c) for c in "aZ0ÄßŁΩЖ ·◊¶→…–—“”‹›%□◌\u00a0"} <= shipped_characters(family)
    for font in SHIPPED:
        with open(font.woff2, "rb") as file:
            assert file.read(4) == b"wOF2"


def test_shipped_fonts_have_our_names_and_keep_their_licence():
    from fontTools.ttLib import TTFont

    for font in SHIPPED:
        names = TTFont(shipped_file(font.family, font.weight))["name"]
        assert names.getBestFamilyName() == font.family
        assert "Source" not in names.getDebugName(1) and "Source" not in names.getDebugName(6)
        assert "Adobe" in names.getDebugName(0) and "Open Font License" in names.getDebugName(13)


def ink(svg):
    return np.asarray(Image.open(io.BytesIO(vl_convert.svg_to_png(svg))))[..., 3].sum()


def drawing(text, **attributes):
    root = ElementTree.Element(f"{SVG}svg", {"width": "400", "height": "60"})
    written = {"transform": "translate(100,40)", "font-size": "20px", "font-family": SANS_STACK} | attributes
    element = ElementTree.SubElement(root, TEXT, {key.replace("_", "-"): value for key, value in written.items()})
    element.text = text
    return root


def test_vl_convert_measures_and_draws_in_our_fonts():
    """It must know them by the stacks that files carry, with their weights: else a text is not drawn at all."""
    shipped_file(SANS, 400)
    drawn = {}
    for name, stack, weight in (("sans", SANS_STACK, 400), ("bold", SANS_STACK, 600), ("mono", MONO_STACK, 400)):
        drawn[name] = ink(ElementTree.tostring(drawing("chef", font_family=stack, font_weight=str(weight)), "unicode"))
    assert drawn["bold"] > 1.1 * drawn["sans"] > 0 and drawn["mono"] != drawn["sans"]

    # Vega cuts a label where it is wider than its limit: so a limit tells what vl-convert takes for the width.
    width = 12 * placing._em_width("scriptscript", str(shipped_file(SANS, 400)), 0)
    cut_at = {}
    for limit in (width - 1.5, width + 1.5):
        mark = {"text": "scriptscript", "font": SANS_STACK, "fontSize": 12, "limit": limit}
        update = {key: {"value": value} for key, value in mark.items()}
        spec = {
            "$schema": "https://vega.github.io/schema/vega/v6.json",
            "width": 9,
            "height": 9,
            "marks": [{"type": "text", "encode": {"update": update}}],
        }
        cut_at[limit] = "…" in vl_convert.vega_to_svg(spec)
    assert list(cut_at.values()) == [True, False]


def test_fonts_are_unpacked_without_a_cache_folder(tmp_path):
    """The cache folder's parent is a file here, so nothing can be kept; two processes at once may share one."""
    (tmp_path / "file").write_text("")
    code = "from dashboard.export.typography.shipped_fonts import *; register(); print(len(shipped_characters(SANS)))"
    import os

    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "TWO_HEADS_CACHE": str(place)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for place in (tmp_path / "file" / "no", tmp_path / "new", tmp_path / "new")
    ]
    assert [process.communicate()[0].strip() for process in started] == [str(len(shipped_characters(SANS)))] * 3
    assert not list((tmp_path / "new").rglob("*.part"))


# Runs -----------------------------------------------------------------------------------------------------------


def test_latin_is_one_run_in_our_own_font(machine):
    machine(HAN_CN)
    assert cut("The chef·s ramen, 64\u00a0%") == [("The chef·s ramen, 64\u00a0%", None)]
    assert cut("") == [("", None)]


def test_each_script_takes_its_font_and_the_rest_survives(machine):
    machine(DEVANAGARI, HAN_CN, EMOJI)
    assert cut("a 汉字 b") == [("a ", None), ("汉字", "Noto Sans CJK SC"), (" b", None)]
    # Nothing here draws Thai: its characters become boxes, those after them do not.
    assert cut("ไท 汉") == [("□□ ", None), ("汉", "Noto Sans CJK SC")]
    assert cut("\u0378字\0") == [("□", None), ("字", "Noto Sans CJK SC"), ("□", None)]


def test_the_han_shapes_of_the_texts_own_language(machine):
    machine(HAN_CN, HAN_JP)
    assert cut("汉字") == [("汉字", "Noto Sans CJK SC")]
    assert cut("漢字かな") == [("漢字かな", "Noto Sans CJK JP")]


def test_a_plain_sans_serif_is_preferred(machine):
    serif, mono, sans = (face(name, "e01-e5b") for name in ("Noto Serif Thai", "Some Mono", "Any Sans Thai Looking"))
    machine(serif, mono, sans)
    assert cut("ไท") == [("ไท", "Any Sans Thai Looking")]


def test_emoji_are_whole_and_in_colour(machine):
    text = "👩\u200d👩\u200d👧🇩🇪👍🏽"
    machine(EMOJI, face("Noto Sans Symbols", "1f300-1faff 260e"))
    assert cut(f"a{text}b") == [("a", None), (text, "Noto Color Emoji"), ("b", None)]
    assert cut("☎\ufe0f") == [("☎\ufe0f", "Noto Color Emoji")]
    assert cut("☎") == [("☎", "Noto Sans Symbols")]
    assert cut("1\ufe0f") == [("1\ufe0f", "Noto Color Emoji")] and cut("1©") == [("1©", None)]
    machine(face("Noto Sans Symbols", "1f469"))  # a black-and-white one is better than none
    assert cut("👩") == [("👩", "Noto Sans Symbols")]


def test_syllables_stand_alone(machine):
    """The renderer takes the widest sign of a syllable for its width, so each needs a place of its own."""
    machine(DEVANAGARI)
    assert [text for text, _ in cut("क्षत्रिय")] == ["क्ष", "त्रि", "य"]
    assert [text for text, _ in cut("कमल")] == ["कमल"]
    machine(face("Noto Sans Myanmar", "1000-109f"))
    assert [text for text, _ in cut("မြန်မာ")] == ["မြ", "န်", "မာ"]


def test_joining_scripts_are_not_cut(machine):
    machine(ARABIC)
    assert cut("مُحَمَّد") == [("مُحَمَّد", "Noto Sans Arabic")]


def test_right_to_left_runs_stand_from_right_to_left(machine):
    machine(HEBREW)
    assert cut("ab שלום עוד cd") == [
        ("ab ", None),
        ("עוד", "Noto Sans Hebrew"),
        (" ", None),
        ("שלום", "Noto Sans Hebrew"),
        (" cd", None),
    ]
    assert cut("של (עוד)") == [
        ("(", None),
        ("עוד", "Noto Sans Hebrew"),
        (")", None),
        (" ", None),
        ("של", "Noto Sans Hebrew"),
    ]


@given(st.text(st.characters(codec=None), max_size=30))
def test_runs_hold_every_text(text):
    for base in (SANS, MONO):
        found = runs.runs(text, base)
        assert all(run.text for run in found) or text == ""
        drawn = "".join(run.text for run in found)
        assert len(drawn) <= len(text) + 1
        assert not {c for c in text if ord(c) in shipped_characters(base) and c.isalnum()} - set(drawn)


# Direction ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc", "abc"),
        ("אבג", "גבא"),
        ("ab אב cd", "ab בא cd"),
        ("אב גד ab", "דג בא ab"),
        ("אב 12 גד", "דג 12 בא"),
        ("12 אב", "12 בא"),
        ("אב 12", "12 בא"),
        ("אב 1.5% גד", "דג 1.5% בא"),
        ("ب ٣٤ ج", "ج ٣٤ ب"),
        ("אב, גד!", "דג ,בא!"),
        ("אב (גד) ab", "(דג( בא ab"),  # brackets are mirrored when they are drawn
        ("אב (cd) גד", "בא (cd( דג"),
        ("(אב) cd", "(בא) cd"),
        ("אב [1) ג]", "]ג )1[ בא"),
    ],
)
def test_bidirectional_order(text, shown):
    """Known answers, those of the Unicode reference algorithm for a left-to-right line."""
    found = "".join(visual(list(text), levels(list(text))))
    assert found.replace(")", "(").replace("]", "[") == shown.replace(")", "(").replace("]", "[")


@given(st.text("ab אבجد12٣٤()[],.%+-: ", max_size=20))
def test_direction_only_moves_things(text):
    at = levels(list(text))
    assert sorted(visual(list(text), at)) == sorted(text)
    assert all((level == 0) == (c == "a") for c, level in zip(text, at, strict=True) if c in "aאجב")
    turned = visual(list(range(len(text))), [level and 1 for level in at])
    assert sorted(turned) == list(range(len(text)))


# Placing --------------------------------------------------------------------------------------------------------


def texts(root):
    return [(e.text, float(e.get("x")), e.get("font-family").split(",")[0].strip("'")) for e in root.iter(TEXT)]


def advance(text, file):
    return 20 * placing._em_width(text, str(file), 0)


@pytest.mark.parametrize(("anchor", "share"), [("start", 0), ("middle", 0.5), ("end", 1)])
def test_runs_stand_beside_each_other(machine, anchor, share):
    han = shipped_file(MONO, 400)  # draws boxes here, but its widths are known: 0.6 em
    machine(face("Han", "4e00-9fff", file=str(han)))
    root = drawing("ab 汉字 cd", text_anchor=anchor, fill="red")
    place_text(root, emoji_as_images=False)
    widths = [advance("ab ", shipped_file(SANS, 400)), advance("汉字", han), advance(" cd", shipped_file(SANS, 400))]
    starts = np.cumsum([0, *widths])[:3] - share * sum(widths)
    assert [text for text, _, _ in texts(root)] == ["ab ", "汉字", " cd"]
    np.testing.assert_allclose([x for _, x, _ in texts(root)], starts, atol=1e-3)
    assert [family for _, _, family in texts(root)] == [SANS, "Han", SANS]
    assert {element.get("fill") for element in root.iter(TEXT)} == {"red"}
    assert root[0].get("transform") == "translate(100,40)"


def test_a_line_of_one_font_stays_as_it_is(machine):
    machine()
    root = drawing("  The   chef ", text_anchor="end", font_family=MONO_STACK)
    place_text(root, emoji_as_images=True)
    assert texts(root) == [("The chef", 0, MONO)]
    assert next(root.iter(TEXT)).get("text-anchor") == "end"


def test_lines_of_a_title(machine):
    machine()
    root = drawing(None)
    for k, line in enumerate(("one", "two", "three")):
        ElementTree.SubElement(root[0], f"{SVG}tspan", {"x": "0", "dy": "14"} if k else {}).text = line
    place_text(root, emoji_as_images=False)
    assert [(e.text, e.get("y")) for e in root.iter(TEXT)] == [("one", "0"), ("two", "14"), ("three", "28")]


def test_emoji_are_images_where_no_colour_font_can_be_written(machine):
    machine(face("Emoji", "1f35c", colour=True))
    root = drawing("a🍜b", opacity="0.5")
    place_text(root, emoji_as_images=True)
    assert [text for text, _, _ in texts(root)] == ["a", "b"]
    (image,) = root.iter(f"{SVG}image")
    assert image.get(HREF).startswith("data:image/png;base64,") and image.get("opacity") == "0.5"
    assert float(image.get("x")) == pytest.approx(advance("a", shipped_file(SANS, 400)), abs=1e-3)


def test_a_text_that_sticks_out_gets_room(machine):
    machine(face("Han", "4e00-9fff"))
    root = drawing("汉" * 30, text_anchor="end")  # 30 × 0.6 em × 20 px = 360 px, to the left of x = 100
    ElementTree.SubElement(root, f"{SVG}rect", {"width": "400", "height": "60"})
    widen_canvas(root)
    assert root.get("viewBox") == "-262 0 662 60" and root.get("width") == "662"
    assert root.find(f"{SVG}rect").attrib == {"width": "662", "height": "60", "x": "-262", "y": "0"}

    turned = drawing("汉" * 30, transform="translate(200,30) rotate(90)")
    widen_canvas(turned)
    assert turned.get("viewBox") == "0 0 400 392"

    plain = drawing("a" * 99)  # our own fonts are measured right
    widen_canvas(plain)
    assert plain.get("viewBox") is None


# The machine's fonts --------------------------------------------------------------------------------------------


def test_a_face_knows_its_characters():
    found = face("x", "20-7e a0 4e00-9fff")
    assert [found.draws(point) for point in (0x1F, 0x20, 0x7E, 0x7F, 0xA0, 0x4E00, 0xA000)] == [
        False,
        True,
        True,
        False,
        True,
        True,
        False,
    ]


def test_fontconfig_and_folders_agree(tmp_path, monkeypatch):
    for font in SHIPPED:
        source = shipped_file(font.family, font.weight)
        (tmp_path / source.name).write_bytes(source.read_bytes())
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(system_fonts, "_font_folders", lambda: [tmp_path, tmp_path / "none"])
    found = system_fonts._from_folders()
    assert {(f.family, f.weight) for f in found} == {(SANS, 400), (SANS, 600), (MONO, 400)}
    for one in found:
        assert {point for point in range(0x3000) if one.draws(point)} == {
            point for point in shipped_characters(one.family) if point < 0x3000
        }
    monkeypatch.setattr(system_fonts, "_read", lambda file: pytest.fail("read again"))
    assert system_fonts._from_folders() == found  # kept in the cache folder


def test_fc_list_is_understood(monkeypatch):
    lines = (
        "/f/a.ttf\t0\tA Sans\t80\t0\t100\tFalse\t20-7e\n/f/b.ttf\t0\tA Sans\t200\t0\t100\tFalse\t20-7e\n"
        "/f/i.ttf\t0\tA Sans\t80\t100\t100\tFalse\t20-7e\n/f/c.ttf\t0\tA Sans\t80\t0\t75\tFalse\t20-7e\n"
        "/f/v.ttf\t65536\tVar\t[0 210]\t0\t[75 100]\tFalse\t41\n/f/e.ttf\t0\tEmoji\t80\t0\t100\tTrue\t1f35c\n"
        "/f/none.ttf\t0\tNone\t80\t0\t100\tFalse\t\nbroken line\n"
    )
    done = subprocess.CompletedProcess([], 0, stdout=lines.encode())
    monkeypatch.setattr(system_fonts.subprocess, "run", lambda *a, **k: done)
    assert [(f.family, f.weight, f.index, f.colour) for f in system_fonts._from_fontconfig()] == [
        ("A Sans", 400, 0, False),
        ("A Sans", 700, 0, False),
        ("Var", 400, 0, False),
        ("Emoji", 400, 0, True),
    ]


def test_no_fontconfig_is_no_error(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError("fc-list")

    monkeypatch.setattr(system_fonts.subprocess, "run", missing)
    assert system_fonts._from_fontconfig() == []


# What a person is told ------------------------------------------------------------------------------------------


def test_missing_glyphs_and_the_sentence_about_them(machine, monkeypatch, snapshot):
    monkeypatch.setattr(notice.sys, "platform", "linux")
    machine(DEVANAGARI)
    assert missing_glyphs("chef नमस्ते 汉字 🍜\u200d\0 ") == {"汉", "字", "🍜"}
    assert font_notice("The chef said नमस्ते.") is None
    told = {text: font_notice(text) for text in ("ab 汉字", "🍜 عر かな", "🍜عかa", "ไ ש 𓀀 𐎠 ᚠ", "\u0378")}
    packages = {text: re.findall(r"fonts-noto-[\w-]+", said) for text, said in told.items()}
    assert packages["ab 汉字"] == ["fonts-noto-cjk"] and packages["\u0378"] == []
    assert packages["🍜عかa"] == ["fonts-noto-color-emoji", "fonts-noto-cjk", "fonts-noto-core"]
    assert list(told.values()) == snapshot
    monkeypatch.setattr(notice.sys, "platform", "win32")
    assert "Debian" not in font_notice("汉")


@given(st.text(st.characters(codec=None), max_size=20))
def test_there_is_a_name_for_everything(text):
    for character in text:
        assert notice.kind_of(character)
    assert font_notice(text) is None or font_notice(text).endswith(".")
