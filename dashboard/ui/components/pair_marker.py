"""A component that marks pairs of words: the words as buttons, with an arc over every marked pair; of two texts with
a line from a word of one to a word of the other.

The first click chooses the query, the second the key; a pair that is marked already is removed. Everything until the
second word happens in the browser, by pointer or keyboard (Tab to the words, arrows from one to the next, Enter to
click, Escape to drop the first word). An arc between two lines of text stays in the gaps between lines, so that it
crosses no word.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.components.v2 import component

from dashboard.analyses.find_heads.by_example import MOST_PAIRS, as_typed, pairs_between
from dashboard.analyses.find_heads.pair_shares import Pair
from dashboard.charts.labels import right_to_left
from dashboard.errors import UserError
from dashboard.text.encoding import Encoding
from dashboard.ui import session
from dashboard.ui.url_state import FIRST_PAIRS, FIRST_TEXT

MOST_WORDS = 400  # buttons on one page

_HTML = """
<div class="mark"><svg aria-hidden="true"></svg>
<div class="words"></div><div class="words keys"></div><p role="status"></p></div>
"""

_CSS = """
.mark { position: relative; color: var(--st-text-color); font-family: var(--st-font); }
.words { display: flex; flex-wrap: wrap; gap: 44px 2px; padding: 48px 0 4px; }
.keys:empty { display: none; }
.two .words { gap: 8px 2px; padding: 4px 0; }
.two .words.keys { padding-top: 60px; }
.two .words::before { content: attr(aria-label); opacity: 0.75; font-size: 0.875rem; min-width: 64px;
  align-self: center; }
.two svg path { opacity: 0.6; }
.words button { all: unset; cursor: pointer; font-size: 1.15rem; line-height: 1.5; padding: 2px 7px; border-radius: 6px;
  border-bottom: 2px solid transparent; }
.words button:hover { background: color-mix(in srgb, currentColor 9%, transparent); }
.words button:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
.words button.marked { font-weight: 600; border-bottom-color: currentColor; border-radius: 6px 6px 0 0; }
.words button.unread { outline: 1.25px dashed color-mix(in srgb, currentColor 60%, transparent); }
.words button.first { background: var(--st-text-color); color: var(--st-background-color); border-radius: 6px; }
svg { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; overflow: visible; }
svg path { fill: none; stroke: var(--st-text-color); stroke-width: 2; }
svg path.tip { fill: var(--st-text-color); stroke: none; }
svg .coming { stroke-dasharray: 4 4; opacity: 0.6; }
p { margin: 6px 0 0 7px; font-size: 0.875rem; opacity: 0.75; min-height: 1.4em; }
"""

_JS = """
const GAP = 44;  // pixels between two lines of text, as in the style sheet

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.mark');
  const words = root.querySelector('.words'), keys = root.querySelector('.keys');
  const svg = root.querySelector('svg'), says = root.querySelector('p');
  const two = data.keys.length > 0, m = data.words.length;  // two texts: the words of the second are numbered from m on
  root.classList.toggle('two', two);
  const forms = [...data.words, ...data.keys];
  const focused = [...words.children, ...keys.children].indexOf(root.getRootNode().activeElement);
  let first = -1, over = -1, at = Math.max(0, focused);
  const ends = new Set(data.pairs.flat());
  words.dir = data.backwards ? 'rtl' : 'ltr';
  keys.dir = data.keys_backwards ? 'rtl' : 'ltr';
  for (const [box, name] of [[words, 'Target'], [keys, 'Source']]) {
    if (two) box.setAttribute('aria-label', name);
    else box.removeAttribute('aria-label');
    if (two) box.setAttribute('role', 'group');
    else box.removeAttribute('role');
  }
  const buttons = forms.map((word, k) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = word;
    if (ends.has(k)) button.classList.add('marked');
    const unread = data.unread.includes(k), name = unread ? `${word}, not read by the model` : word;
    if (unread) {
      button.classList.add('unread');
      button.title = 'Characters that the model did not read';
    }
    const looks = data.pairs.filter(([i]) => i === k).map(([, j]) => forms[j]);
    const leads = two ? 'is linked to' : 'looks at';
    button.setAttribute('aria-label', looks.length ? `${name}, marked, ${leads} ${looks.join(', ')}` : name);
    button.setAttribute('aria-pressed', 'false');
    button.onclick = () => press(k);
    button.onpointerenter = () => { over = k; draw(); };
    button.onfocus = () => { over = k; reach(k); draw(); };
    button.onpointerleave = () => { over = -1; draw(); };
    return button;
  });
  words.replaceChildren(...buttons.slice(0, m));
  keys.replaceChildren(...buttons.slice(m));
  const reach = (k) => {  // one word is reached by Tab, the others by arrows
    at = k;
    buttons.forEach((button, i) => { button.tabIndex = i === k ? 0 : -1; });
  };
  const step = (by) => {
    buttons[at + by]?.focus();
  };
  const hold = (k) => {
    first = k;
    buttons.forEach((button, i) => {
      button.classList.toggle('first', i === k);
      button.setAttribute('aria-pressed', i === k ? 'true' : 'false');
    });
    const other = k < m ? 'source' : 'target';
    if (two) says.textContent = k >= 0 ? `${forms[k]}: now click its word in the ${other} (Escape cancels)`
      : 'Click a word of the target, then the word of the source that it translates. Repeat to remove a pair.';
    else says.textContent = k >= 0 ? `${forms[k]} → now click the word it looks at (Escape cancels)`
      : 'Click the word that looks (query), then the word it looks at (key). Repeat to remove a pair.';
    reach(k >= 0 ? k : at);
    draw();
  };
  const across = (a, b) => (a < m) !== (b < m);  // of two texts
  const press = (k) => {
    if (first < 0) return hold(k);
    const from = first;
    if (two && from !== k && !across(from, k)) return hold(k);
    hold(-1);
    if (two && from !== k) setTriggerValue('pair', [Math.min(from, k), Math.max(from, k)]);
    else if (from !== k) setTriggerValue('pair', [from, k]);
  };
  const arc = (i, j, look) => {
    const box = svg.getBoundingClientRect(), a = buttons[i].getBoundingClientRect();
    const b = buttons[j].getBoundingClientRect();
    const x1 = a.x + a.width / 2 - box.x, x2 = b.x + b.width / 2 - box.x;
    const lines = (b.y - a.y) / (a.height + GAP), down = Math.round(lines), way = Math.sign(down);
    // Between two lines of text: out of a word on the side of the other, and into that one on this side.
    const y1 = (way > 0 ? a.bottom : a.y) - box.y, y2 = (way < 0 ? b.bottom + 6 : b.y - 5) - box.y;
    const path = (d, name) => {
      const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      line.setAttribute('d', d);
      line.setAttribute('class', name);
      svg.append(line);
    };
    if (two) {
      const mid = (a.bottom + b.y) / 2 - box.y, top = a.bottom - box.y, end = b.y - box.y;
      return path(`M${x1},${top} C${x1},${mid} ${x2},${mid} ${x2},${end}`, look);
    }
    const rise = y1 - Math.min(50, 16 + Math.abs(x2 - x1) / 7);
    if (!way) path(`M${x1},${y1} C${x1},${rise} ${x2},${rise} ${x2},${y2}`, look);
    else if (Math.abs(down) === 1) path(`M${x1},${y1} C${x1},${y2} ${x2},${y1} ${x2},${y2}`, look);
    else {  // round the lines between them, along their edge
      const out = y1 + way * GAP / 2, back = y2 - way * GAP / 2, r = 8;
      path(`M${x1},${y1} Q${x1},${out} ${x1 - r},${out} H${1 + r} Q1,${out} 1,${out + way * r} V${back - way * r}` +
        ` Q1,${back} ${1 + r},${back} H${x2 - r} Q${x2},${back} ${x2},${y2}`, look);
    }
    const tip = way < 0 ? -1 : 1;
    path(`M${x2 - 4.5},${y2 - 3 * tip} h9 l-4.5,${8 * tip} z`, 'tip ' + look);
  };
  const draw = () => {
    svg.replaceChildren();
    for (const [i, j] of data.pairs) arc(i, j, '');
    if (first < 0 || over < 0 || over === first) return;
    if (two && across(first, over)) arc(Math.min(first, over), Math.max(first, over), 'coming');
    else if (!two) arc(first, over, 'coming');
  };
  const forward = data.backwards ? -1 : 1, last = buttons.length;
  const steps = { ArrowRight: forward, ArrowLeft: -forward, Home: -last, End: last };
  root.onkeydown = (event) => {
    if (event.key === 'Escape') hold(-1);
    if (!(event.key in steps)) return;
    event.preventDefault();
    const by = steps[event.key];
    if (Math.abs(by) === 1) step(by);
    else { at = by < 0 ? -1 : last; step(-Math.sign(by)); }  // the outermost from there
  };
  const observer = new ResizeObserver(draw);
  observer.observe(words);
  observer.observe(keys);
  hold(-1);
  if (focused >= 0) buttons[focused]?.focus();
  return () => observer.disconnect();
}
"""


def forget_other_pairs(encoding: Encoding, source: Encoding | None = None) -> None:
    """Remove the pair marked on the first text when the text is another one, and pairs of one text when two are read,
    or the reverse, or those of another part."""
    part = session.choices().part
    before = st.session_state.get("pairs_of_part", part)
    st.session_state["pairs_of_part"] = part
    first = (source is not None or encoding.text != FIRST_TEXT) and session.choices().pairs == FIRST_PAIRS
    if first or before != part:
        session.correct(pairs="")


def marked(encoding: Encoding, keys: Encoding | None = None) -> tuple[tuple[Pair, ...], str]:
    """The marked pairs, and a sentence if the typed ones do not match this text (or ""). keys: the text that the pairs
    lead to, where that is another"""
    try:
        return tuple(dict.fromkeys(pairs_between(encoding, keys or encoding, session.choices().pairs))), ""
    except UserError as wrong:
        return (), str(wrong)


def words(encoding: Encoding, pairs: Sequence[Pair], keys: Encoding | None = None) -> None:
    """The words as buttons; with `keys` those of both texts. Longer texts can only be marked by typing."""
    forms, others = ([] if one is None else [word.form for word in one.words] for one in (encoding, keys))
    m = len(forms)
    unread = [word for word, count in enumerate(encoding.unread) if count]
    unread += [] if keys is None else [m + word for word, count in enumerate(keys.unread) if count]
    if m + len(others) > MOST_WORDS:
        return
    _component()(
        key="mark" if keys is None else "mark_two",
        data={
            "words": forms,
            "keys": others,
            "pairs": [[i, j if keys is None else m + j] for i, j in pairs],
            "backwards": right_to_left(encoding.text),
            "keys_backwards": keys is not None and right_to_left(keys.text),
            "unread": unread,
        },
        on_pair_change=lambda: _take(encoding, keys),
    )


def _take(encoding: Encoding, keys: Encoding | None) -> None:
    session.mark_widget_run()
    pair = session.told("mark" if keys is None else "mark_two").get("pair")
    m = len(encoding.words)
    every = m if keys is None else m + len(keys.words)
    if not (isinstance(pair, list) and len(pair) == 2 and all(type(k) is int and 0 <= k < every for k in pair)):
        return
    if keys is not None and not pair[0] < m <= pair[1]:
        return
    before, _ = marked(encoding, keys)
    new = (pair[0], pair[1] if keys is None else pair[1] - m)
    after = tuple(p for p in before if p != new) if new in before else (*before, new)
    if (keys is not None or new[0] != new[1]) and len(after) <= MOST_PAIRS:
        session.change(pairs=as_typed(encoding, after, keys))


def _component():
    return component("two_heads_mark", html=_HTML, css=_CSS, js=_JS)
