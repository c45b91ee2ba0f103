"""An address that the page missed, and one that the page corrected.

Streamlit does not hear every change of the address: back right after a reload moves it before the page listens, and a
link to the page itself sends its choices but leaves the address as it was. An invisible component compares the address
with the one of what is shown, and tells Streamlit of it as the browser does after back. Streamlit writes each address
as a step of its own; one that only corrects the last is put in its place here, and so is one that does not name its
page, see `page_named`.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamlit.components.v2 import component

from dashboard.ui.url_state import PAGE

_JS = """
const QUIET = 700;  // milliseconds without a run until an address counts as missed
const OF_STREAMLIT = ['embed', 'embed_options'];
let told = '';  // the address that Streamlit was told of: once, or a page that cannot follow it would run for ever
let waiting = 0;

const running = () => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState !== 'notRunning';

const text = (address) => JSON.stringify(Object.entries(address).sort());

const here = (page) => {
  const address = Object.fromEntries(new URLSearchParams(window.location.search));
  for (const name of [page, ...OF_STREAMLIT]) delete address[name];
  return text(address);
};

// Written by the page that a quick person left, on the path of this one
const unnamed = ({ named }) => {
  const now = new URLSearchParams(window.location.search);
  return Object.entries(named).some(([name, value]) => now.get(name) !== value);
};

const replace = ({ address, named }) => {
  const before = new URLSearchParams(window.location.search), after = new URLSearchParams({ ...address, ...named });
  for (const name of OF_STREAMLIT) if (before.has(name)) after.set(name, before.get(name));
  window.history.replaceState(window.history.state, '', `${window.location.pathname}?${after}`);
};

export default function ({ data }) {
  const shown = text(data.address);
  if (data.instead && here(data.page) === text(data.instead)) replace(data);
  const look = (seen) => {
    const now = here(data.page);
    if (now === shown) {
      told = '';
      if (unnamed(data)) replace(data);
      return again('');
    }
    if (running() || now === told) return again('');
    if (now !== seen) return again(now);
    told = now;
    window.dispatchEvent(new PopStateEvent('popstate', { state: window.history.state }));
    again('');
  };
  const again = (seen) => { clearTimeout(waiting); waiting = setTimeout(look, QUIET, seen); };
  again('');
  return () => clearTimeout(waiting);
}
"""


def follow(shown: Mapping[str, str], named: Mapping[str, str], instead: Mapping[str, str] | None) -> None:
    """Mount the component; once a run, where it takes no space. It sends nothing itself.

    shown: the address of what the page shows, without the page's name; named: that, see `page_named`; instead: the
    address whose place it takes
    """
    data: dict[str, object] = {"address": dict(shown), "named": dict(named), "page": PAGE}
    if instead is not None:
        data["instead"] = dict(instead)
    component("two_heads_address", js=_JS)(key="address_watch", data=data, height=0)
