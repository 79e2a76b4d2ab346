"""A server of this machine that plays a language model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """What it answers, and what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b'{"choices": [{"message": {"role": "assistant", "content": "Reset the password [1]."}}]}'
    asked: list[tuple[str, str | None, dict[str, object]]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[Server]:
    """It answers as long as the block lasts."""
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append((self.path, self.headers["Authorization"], body))
            self.send_response(state.status)
            self.send_header("Location", f"{state.url}/elsewhere")
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_port}/v1"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield state
        http.shutdown()
        thread.join()
