"""A person at the dashboard without a browser: Streamlit's own messages (protobuf) over its own websocket.

It does everything of a browser that the server notices: every run carries the address, the page and the values of the
widgets, and a fragment that runs every second is requested every second.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


@dataclass
class Run:
    """The result of one run of a page.

    pictures: (the key it has on the page, its Vega-Lite specification, seconds from the message to its arrival)
    errors: what went wrong, in the server's words; text: everything that was sent, as bytes
    seconds: from the message to the end of the run, None while it goes
    """

    begun: float
    pictures: list[tuple[str, dict[str, Any], float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    text: bytearray = field(default_factory=bytearray)
    seconds: float | None = None


class Visitor:
    """One tab. ``async with Visitor(url, "text=Hello") as tab: run = await tab.go()``."""

    def __init__(self, url: str, query: str = "", page: str = "", cookie: str = ""):
        self._url = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._query, self._page, self._cookie = query, page, cookie
        self._pages: dict[str, str] = {}  # path → Streamlit's hash of the page
        self._here = ""
        self._values: dict[str, tuple[str, int]] = {}  # key of a number's widget → its id and its value
        self._drawn: set[str] = set()  # keys of the numbers' widgets on the page
        self._blocks: dict[tuple[int, ...], str] = {}  # path of a named block → its key
        self._timers: dict[str, asyncio.Task] = {}
        self._run, self._done = Run(time.perf_counter()), asyncio.Event()
        self.ticks = 0  # runs that a fragment requested by itself

    async def __aenter__(self) -> Visitor:
        self._socket = await connect(
            self._url,
            subprotocols=["streamlit"],
            max_size=None,
            compression=None,
            additional_headers={"Cookie": self._cookie} if self._cookie else None,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_timers()
        self._reader.cancel()
        await self._socket.close()

    async def go(self, page: str | None = None, seconds: float = 60) -> Run:
        """Open a page by its path ("" the first, None the current one), with the choices of the tab."""
        if page is not None:
            self._page, self._here = page, self._pages.get(page, "")
        return await self._ask(seconds)

    async def choose(self, key: str, value: int, seconds: float = 60) -> Run:
        """Type a number into the widget with this key, like "choose_head"."""
        self._values[key] = self._values[key][0], value
        return await self._ask(seconds)

    async def _ask(self, seconds: float) -> Run:
        run, self._done = Run(time.perf_counter()), asyncio.Event()
        self._run = run
        await self._send()
        try:
            async with asyncio.timeout(seconds):
                await self._done.wait()
        except TimeoutError:
            run.errors.append(f"no end after {seconds:.0f} s")
        return run

    async def _send(self, fragment: str = "") -> None:
        message = BackMsg()
        request = message.rerun_script
        request.query_string, request.page_script_hash, request.page_name = self._query, self._here, self._page
        request.fragment_id, request.is_auto_rerun = fragment, bool(fragment)
        for name, value in self._values.values():
            request.widget_states.widgets.add(id=name, double_value=value)
        await self._socket.send(message.SerializeToString())

    async def _read(self) -> None:
        try:
            async for data in self._socket:
                message = ForwardMsg()
                message.ParseFromString(data)
                self._run.text += data
                self._take(message)
        except Exception as error:
            self._run.errors.append(f"{type(error).__name__}: {error}")
            self._done.set()
            raise

    def _take(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "navigation":
                self._here = message.navigation.page_script_hash or self._here
                for page in message.navigation.app_pages:
                    self._pages[page.url_pathname] = page.page_script_hash
            case "new_session" if not message.metadata.run.fragment_ids:
                self._stop_timers()
                self._blocks.clear()
                self._drawn.clear()
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "session_event" if message.session_event.HasField("script_compilation_exception"):
                self._run.errors.append(message.session_event.script_compilation_exception.message)
            case "page_not_found":
                self._run.errors.append(f"there is no page “{message.page_not_found.page_name}”")
            case "auto_rerun":
                request = message.auto_rerun
                self._stop_timers(request.fragment_id)
                self._timers[request.fragment_id] = asyncio.create_task(
                    self._tick(request.fragment_id, request.interval)
                )
            case "stop_auto_rerun":
                self._stop_timers(*message.stop_auto_rerun.fragment_ids)
            case "delta":
                self._draw(tuple(message.metadata.delta_path), message.delta)
            case "script_finished" if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                self._values = {key: known for key, known in self._values.items() if key in self._drawn}
                self._run.seconds = time.perf_counter() - self._run.begun
                self._done.set()

    def _draw(self, place: tuple[int, ...], delta: Any) -> None:
        if delta.WhichOneof("type") == "add_block":
            self._blocks[place] = _key(delta.add_block.id)
        if delta.WhichOneof("type") != "new_element":
            return
        element = delta.new_element
        match element.WhichOneof("type"):
            case "exception":
                self._run.errors.append(f"{element.exception.type}: {element.exception.message}")
            case "alert" if element.alert.format == Alert.ERROR:
                self._run.errors.append(element.alert.body)
            case "number_input":
                number = element.number_input
                value = number.value if number.set_value else number.default
                known = self._values.get(key := _key(number.id))
                self._drawn.add(key)
                if known is None or known[0] != number.id or number.set_value:
                    self._values[key] = number.id, int(value)
            case "vega_lite_chart":
                chart = element.vega_lite_chart
                seconds = time.perf_counter() - self._run.begun
                key = _key(chart.id) or self._blocks.get(place[:-1], "")
                self._run.pictures.append((key, json.loads(chart.spec), seconds))

    async def _tick(self, fragment: str, interval: float) -> None:
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(interval)
                self.ticks += 1
                await self._send(fragment)

    def _stop_timers(self, *fragments: str) -> None:
        for fragment in fragments or list(self._timers):
            if (timer := self._timers.pop(fragment, None)) is not None:
                timer.cancel()


def _key(identity: str) -> str:
    """The key that the page gave to an element or a block: Streamlit's id is ``$$ID-<hash>-<key>``."""
    key = identity.split("-", 2)[2] if identity.startswith("$$ID-") and identity.count("-") > 1 else ""
    return "" if key == "None" else key
