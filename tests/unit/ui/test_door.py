"""Which names a server answers to, by the interface that it listens on."""

import asyncio
import socket
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.datastructures import Headers

from dashboard.installed import HOME
from dashboard.ui.server.door import OWN, LeadOn, from_here, names


def test_the_loopback_is_reached_by_its_own_names_alone():
    for address in ("127.0.0.1", "localhost", "::1", "[::1]"):
        assert names(address) == list(OWN)


def test_an_interface_adds_its_own_name():
    assert names("192.0.2.7") == [*OWN, "192.0.2.7"]
    assert names("Box.example") == [*OWN, "box.example"]


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_all_interfaces_add_the_machines_name_and_addresses_and_no_wildcard(address):
    found = names(address)
    assert found[:3] == list(OWN) and socket.gethostname().lower() in found
    assert not [name for name in found if "*" in name or not name]


def test_streamlits_own_check_is_set_too():
    """For those who start it by `streamlit run dashboard`: there only the connection is checked."""
    with open(HOME / ".streamlit" / "config.toml", "rb") as file:
        assert tomllib.load(file)["server"]["allowedHosts"] == list(OWN)


def test_a_page_is_from_here_where_it_has_the_servers_name_and_port():
    assert from_here("http://127.0.0.1:8501", "127.0.0.1:8501") and from_here("http://LOCALHOST:8501", "localhost:8501")
    assert from_here(None, "127.0.0.1:8501")
    for origin in ("http://127.0.0.1:8502", "http://evil.example:8501", "null", "", "http://["):
        assert not from_here(origin, "127.0.0.1:8501")
    assert not from_here("http://127.0.0.1:8501", None)


def led_to(path: str, query: str = "") -> str | None:
    """Where a request is led on to; None where it is answered."""
    sent = []

    async def answered(scope, receive, send):
        pass

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "query_string": query.encode(), "headers": []}
    with ThreadPoolExecutor(1) as pool:  # a browser of other tests may hold this thread's event loop
        pool.submit(asyncio.run, LeadOn(answered)(scope, None, send)).result()
    return Headers(raw=sent[0]["headers"])["location"] if sent else None


def test_an_earlier_address_leads_to_the_page_with_all_its_choices():
    assert led_to("/without", "layer=2&head=9&text=caf%C3%A9") == "./ablation?layer=2&head=9&text=caf%C3%A9"
    assert led_to("/map") == "./similarity" and led_to("/find", "head=3") == "./find_heads?head=3"
    assert led_to("/lab/queries", "layer=1") == "./query_key?layer=1"  # behind a path of a proxy
    assert led_to("/without/", "layer=2") == "../ablation?layer=2" and led_to("/start/") == "../"
    for answered in ("/", "/ablation", "/static/js/map", "/_stcore/health", "/media/without.png"):
        assert led_to(answered) is None
