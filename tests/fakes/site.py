"""A web page that can be broken: its index, its scripts, its websocket, the proxy before it."""

from __future__ import annotations

from tests.fakes.serving import Handler, Serving

INDEX = (
    '<!doctype html><html><head><link rel="stylesheet" href="./static/page.css">'
    '<script type="module" src="./static/page.js"></script></head></html>'
)


class Site(Serving):
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

        class Answering(Handler):
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

        super().__init__(Answering)
