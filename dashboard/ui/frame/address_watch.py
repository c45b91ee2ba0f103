"""An address that the page missed, and one that the page corrected.

Streamlit does not hear every change of the address: back right after a reload moves it before the page listens, and a
link to the page itself sends its choices but leaves the address as it was. An invisible component compares the address
with the one of what is shown, and tells Streamlit of it as the browser does after back. Streamlit writes each address
as a step of its own; one that only corrects the last is put in its place here, and so is one that does not name its
page, see `page_named`.

A connection that comes back may lead to a server that has just been started and knows nothing of this tab. Streamlit
says nothing until the next click, which then meets a session without widgets and is lost. So the page is asked for at
once, by its address.
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

const query = (address) => {
  const now = new URLSearchParams(window.location.search), made = new URLSearchParams(address);
  for (const name of OF_STREAMLIT) for (const value of now.getAll(name)) made.append(name, value);
  return `${made}` && `?${made}`;
};

// Where the links of the sidebar open in another tab.
const lead = ({ others, first }) => {
  for (const link of document.querySelectorAll('.two-heads-pages a')) {
    link.href = link.dataset.path ? link.dataset.path + query(others) : `./${query(first)}`;
  }
};

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
  window.history.replaceState(window.history.state, '', window.location.pathname + query({ ...address, ...named }));
};

const ask = () => window.dispatchEvent(new PopStateEvent('popstate', { state: window.history.state }));

const watch = (data) => {
  const shown = text(data.address), path = window.location.pathname;
  lead(data);
  window.twoHeadsFollowed = () => here(data.page) === shown;  // whether the page shows what the address says
  if (data.instead && here(data.page) === text(data.instead)) replace(data);
  const look = (seen) => {
    const now = here(data.page);
    if (now === shown) {
      told = '';
      if (window.location.pathname === path && unnamed(data)) replace(data);
      return again('');
    }
    if (running() || now === told) return again('');
    if (now !== seen) return again(now);
    told = now;
    ask();
    again('');
  };
  const again = (seen) => { clearTimeout(waiting); waiting = setTimeout(look, QUIET, seen); };
  again('');
  return () => clearTimeout(waiting);
};

const back = (changes) => {
  const now = changes.at(-1).target.dataset.testConnectionState;
  if (now === 'CONNECTED' && changes.some(({ oldValue }) => oldValue !== now)) ask();
};

export default function () {
  if (!window.twoHeadsBack) {
    window.twoHeadsBack = new MutationObserver(back);
    const which = { attributeFilter: ['data-test-connection-state'], attributeOldValue: true };
    window.twoHeadsBack.observe(document.querySelector('[data-testid="stApp"]'), which);
  }
  (window.twoHeadsAddress ??= Promise.withResolvers()).resolve(watch);
}
"""
_MOUNT = """
const code = (window.twoHeadsAddress ??= Promise.withResolvers()).promise;

export default function ({ data }) {
  let left = false, stop = null;
  code.then((watch) => { if (!left) stop = watch(data); });
  return () => { left = true; stop?.(); };
}
"""


def code() -> None:
    """What the component does, once a run, where it takes no space. A browser that has it gets its name alone."""
    component("two_heads_address_code", js=_JS)(key="address_code", height=0)


def follow(
    shown: Mapping[str, str],
    named: Mapping[str, str],
    instead: Mapping[str, str] | None,
    others: Mapping[str, str],
    first: Mapping[str, str],
) -> None:
    """Mount the component; once a run, where it takes no space. It sends nothing itself.

    shown: the address of what the page shows, without the page's name; named: that, see `page_named`; instead: the
    address whose place it takes; others, first: where the links to all pages but the first lead, and the one to it
    """
    data: dict[str, object] = {"address": dict(shown), "named": dict(named), "page": PAGE}
    data |= {"others": dict(others), "first": dict(first)}
    if instead is not None:
        data["instead"] = dict(instead)
    component("two_heads_address", js=_MOUNT)(key="address_watch", data=data, height=0)
