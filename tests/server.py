"""A folder as any static host would serve it: pages opened from disk cannot load modules or fetch."""

from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

__all__ = ["serve"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Silence."""


@contextmanager
def serve(folder):
    """Its address, on this machine alone."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
