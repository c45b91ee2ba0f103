"""A notebook around a widget: the comm between Python and the browser, recorded, and a page that shows it."""

from __future__ import annotations

import base64
import json
from typing import Any

import comm
from comm.base_comm import BaseComm


class Kernel:
    """Takes what widgets send, as a kernel would: `sent` has (method, data, buffers) of each message in order."""

    def __init__(self, monkeypatch) -> None:
        self.sent: list[tuple[str, dict, list[bytes]]] = []
        self.comms: list[BaseComm] = []
        kernel = self

        class Recorded(BaseComm):
            def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
                method = "open" if msg_type == "comm_open" else (data or {}).get("method", msg_type)
                kernel.sent.append((method, data or {}, [bytes(one) for one in buffers or []]))

        def create(*args, **keys):
            self.comms.append(Recorded(*args, **keys))
            return self.comms[-1]

        monkeypatch.setattr(comm, "create_comm", create)

    def take(self) -> list[tuple[str, dict, list[bytes]]]:
        """What was sent since this was asked last."""
        taken, self.sent = self.sent, []
        return taken

    def receive(self, data: dict[str, Any]) -> None:
        """A message of the browser to the last widget."""
        self.comms[-1].handle_msg({"content": {"data": data}, "buffers": []})

    def bytes_sent(self) -> int:
        """How many bytes the messages since the last `take` have, as JSON and buffers."""
        return sum(len(json.dumps(data)) + sum(map(len, buffers)) for _, data, buffers in self.take())


class Page:
    """A page of a notebook in Chromium with one widget. theme: what the body says of the notebook's own"""

    def __init__(self, page, kernel: Kernel, widget, *, body: str = "") -> None:
        self.page, self.kernel = page, kernel
        self.asked: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.expose_binding("toPython", lambda _, data: self._heard(data))
        page.set_content(f"<!DOCTYPE html><html><head><meta charset='utf-8'></head><body {body}></body></html>")
        page.evaluate(_BROWSER, {"esm": widget._esm, "css": widget._css, "messages": self._messages()})

    def _heard(self, data: dict[str, Any]) -> list[dict]:
        self.kernel.receive(data)
        return self._messages()

    def _messages(self) -> list[dict]:
        return [
            {
                "method": method,
                "state": data.get("state", {}),
                "content": data.get("content"),
                "paths": data.get("buffer_paths", []),
                "buffers": [base64.b64encode(one).decode() for one in buffers],
            }
            for method, data, buffers in self.kernel.take()
        ]

    def deliver(self) -> None:
        """Brings the browser what Python has sent of itself."""
        self.page.evaluate("messages => window.deliver(messages)", self._messages())


_BROWSER = """async ({ esm, css, messages }) => {
  const state = {}, listeners = {};
  const fire = (event, ...given) => [...(listeners[event] ?? [])].forEach((hear) => hear(...given));
  const whole = ({ state, paths, buffers }) => {
    const views = buffers.map((one) => new DataView(Uint8Array.from(atob(one), (c) => c.charCodeAt(0)).buffer));
    paths.forEach((path, k) => {
      let place = state;
      path.slice(0, -1).forEach((part) => { place = place[part]; });
      place[path.at(-1)] = views[k];
    });
    return [state, views];
  };
  window.deliver = (messages) => messages.forEach((message) => {
    const [news, views] = whole(message);
    if (message.method === 'custom') fire('msg:custom', message.content, views);
    Object.assign(state, news);
    if (message.method === 'update') Object.keys(news).forEach((name) => fire(`change:${name}`));
  });
  let changed = {};
  const model = {
    get: (name) => state[name],
    set: (name, value) => {
      if (state[name] === value) return;
      state[name] = changed[name] = value;
      fire(`change:${name}`);
    },
    save_changes: () => {
      window.toPython({ method: 'update', state: changed, buffer_paths: [] }).then(window.deliver);
      changed = {};
    },
    send: (content) => window.toPython({ method: 'custom', content }).then(window.deliver),
    on: (event, hear) => { (listeners[event] ??= new Set()).add(hear); },
    off: (event, hear) => { listeners[event]?.delete(hear); },
  };
  window.deliver(messages);
  const style = document.createElement('style');
  style.textContent = css;
  document.head.append(style);
  const el = document.createElement('div');
  document.body.append(el);
  const address = URL.createObjectURL(new Blob([esm], { type: 'text/javascript' }));
  const { default: widget } = await import(address);
  window.leave = widget.render({ model, el });
}"""
