"""A static server on this machine: a page from disk may neither load modules nor fetch."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

__all__ = ["HOST", "ISOLATED", "Site", "free_port", "serve"]

HOST = "127.0.0.1"
# Only in a page that is isolated from other origins may WebAssembly use threads.
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}


@dataclass
class Site:
    """A folder that is served; `asked` lists the paths of all requests, `headers` go with every answer."""

    folder: Path
    headers: dict[str, str]
    address: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def serve(folder: Path, headers: Mapping[str, str] = {}) -> Iterator[Site]:
    """Serve a folder while the context lasts."""
    site = Site(folder, dict(headers))
    with ThreadingHTTPServer((HOST, 0), partial(_Handler, site)) as server:
        site.address = f"http://{HOST}:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield site
        finally:
            server.shutdown()


def free_port() -> int:
    """A port on which nothing listens yet, for a server in another process."""
    with ThreadingHTTPServer((HOST, 0), SimpleHTTPRequestHandler) as server:
        return server.server_port


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".wasm": "application/wasm"}

    def __init__(self, site, *args):
        self._site = site
        super().__init__(*args, directory=site.folder)

    def do_GET(self):
        """Answer a request; no icon, as no page here has one."""
        self._site.asked.append(self.path)
        if self.path == "/favicon.ico":
            self.send_response(HTTPStatus.NO_CONTENT)
            self.end_headers()
        else:
            super().do_GET()

    def end_headers(self):
        for name, value in self._site.headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_):
        """Nothing: a test reads `asked`."""
