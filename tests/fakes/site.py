"""A web page that can be broken: its index, its scripts, its websocket, the proxy before it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

INDEX = (
    '<!doctype html><html><head><link rel="stylesheet" href="./static/page.css">'
    '<script type="module" src="./static/page.js"></script></head></html>'
)


class Site:
    """Use as a context manager. `answers` maps a path to its status, content type and body."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str, str]] = {
            "/": (200, "text/html", INDEX),
            "/static/page.js": (200, "text/javascript", "1"),
            "/static/page.css": (200, "text/css", ""),
            "/_stcore/stream": (101, "", ""),
        }
        self.leads_to = ""  # where redirects point
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = site.answers.get(self.path, (404, "text/plain", "?"))
                self.send_response(status)
                if status == 101:
                    self.send_header("Upgrade", "websocket")
                    self.send_header("Connection", "Upgrade")
                else:
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(body.encode())))
                if 300 <= status < 400:
                    self.send_header("Location", site.leads_to)
                self.end_headers()
                if status != 101:
                    self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
