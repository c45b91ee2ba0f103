"""Clicks that are not lost while a picture is redrawn.

A picture is redrawn, for example, just after a head went into the tray. Two kinds of click would then be lost: one
pressed on the old drawing and released on the new one, as a browser reports a click only if both are on the same mark;
and one on a drawing to which Streamlit does not listen yet, because its images are still loading. An invisible
component sees both, waits until the picture accepts clicks and clicks the mark of the same head, word or step.
"""

from __future__ import annotations

from streamlit.components.v2 import component

_JS = """
// What clicks on charts choose by.
const CHOICES = [['layer', 'head', 'part'], ['layer', 'head'], ['place'], ['word'], ['step']];
const STILL = 8;  // pixels that a hand may move in a click
const PATIENCE = 10000;  // milliseconds to wait for the new drawing
const STEP = 20;  // milliseconds between two looks at it
let pressed = null;  // these outlive a run that mounts the component again
let waiting = null;  // the click that waits for its picture: a later one takes its place
const ours = new WeakSet();

// What a mark stands for; "" where nothing is chosen by it. Vega keeps a mark's item at its element.
const meaning = (mark) => {
  const item = [].concat(mark.__data__ ?? [])[0];
  const datum = item?.datum?.datum ?? item?.datum ?? {};  // the area nearest to a point has the point as its datum
  const names = CHOICES.find((names) => names.every((name) => datum[name] !== undefined)) ?? [];
  return names.map((name) => `${name} ${datum[name]}`).join();
};

const pointedAt = ({ target, clientX, clientY }) => {
  const place = target.closest?.('.stVegaLiteChart svg')?.closest('[class*="st-key-"]');
  const key = [...(place?.classList ?? [])].find((name) => name.startsWith('st-key-'));
  const means = key && meaning(target);
  return means ? { mark: target, key, means, x: clientX, y: clientY } : null;
};

// Streamlit offers a picture as a file exactly as long as it listens to it.
const listenedTo = (picture) => Boolean(picture?.querySelector('button[aria-label^="Download as PNG"]'));

const pictureOf = ({ key }) => document.getElementsByClassName(key)[0];

// The mark that stands for the same in the picture as it is now: the one under the pointer, or else the topmost.
const sameMark = (point) => {
  const marks = [...(pictureOf(point)?.querySelectorAll('svg *') ?? [])].reverse();
  const under = document.elementFromPoint(point.x, point.y);
  return [...marks.filter((mark) => mark === under), ...marks].find((mark) => meaning(mark) === point.means);
};

const clickWhenHeard = (point) => {
  waiting = point;
  look(point, performance.now() + PATIENCE);
};

const look = (point, until) => {
  if (waiting !== point) return;
  const late = performance.now() > until;
  const mark = listenedTo(pictureOf(point)) || late ? sameMark(point) : null;
  if (mark) {
    const at = { bubbles: true, cancelable: true, view: window, clientX: point.x, clientY: point.y };
    const event = new MouseEvent('click', at);
    ours.add(event);
    waiting = null;
    mark.dispatchEvent(event);
  } else if (!late) setTimeout(look, STEP, point, until);
};

const hear = {
  keydown(event) {  // a button that was switched off while its file was made took the focus along
    if (event.key !== 'Escape' || document.activeElement !== document.body) return;
    document.querySelector('[role="dialog"] button[aria-label="Close"]')?.click();
  },
  pointerdown(event) {
    pressed = event.isPrimary && event.button === 0 ? pointedAt(event) : null;
  },
  pointerup(event) {
    if (!pressed || !event.isPrimary) return;
    const point = pressed;
    pressed = null;
    const still = Math.hypot(event.clientX - point.x, event.clientY - point.y) < STILL;
    if (still && !point.mark.isConnected) clickWhenHeard(point);
  },
  pointercancel() {
    pressed = null;
  },
  click(event) {
    const point = ours.has(event) ? null : pointedAt(event);
    if (!point) return;
    waiting = null;
    if (listenedTo(pictureOf(point))) return;
    event.stopImmediatePropagation();
    clickWhenHeard(point);
  },
};

export default function () {
  for (const [name, listener] of Object.entries(hear)) window.addEventListener(name, listener, true);
  return () => {
    for (const [name, listener] of Object.entries(hear)) window.removeEventListener(name, listener, true);
  };
}
"""


def listen() -> None:
    """Mount the listener; once a run, where it takes no space. It sends nothing itself."""
    component("two_heads_press", js=_JS)(key="press", height=0)
