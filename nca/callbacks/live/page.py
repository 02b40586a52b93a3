"""The live page: a server of one page on this machine, in a thread beside the training."""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator
from threading import Thread

from nca.callbacks.live.browser import open_in_browser
from nca.callbacks.live.screen import Now
from nca.callbacks.progress import write_line
from nca.errors import UserError
from nca.export.formats.page import render_live_page

try:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
    from starlette.routing import Route
except ModuleNotFoundError as error:
    raise UserError(f"the live page needs {error.name}: pip install 'nca-texture[live]'") from None

__all__ = ["PORT", "Page"]

HOST = "127.0.0.1"  # other machines cannot connect
NAMES = [HOST, "localhost"]
PORT = 8642
LOOK = 0.1  # seconds between two looks for a new moment
PATIENCE = 2  # seconds for the pages to take the last moment

# The page's own policy is in the page. No other page may show it in a frame or load anything from here.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Page:
    """Serves the page of a training, and each moment to the pages that are open.

    picture: a PNG of what is learned. port: None for 8642, or any free one where that is taken.

    Raises UserError if a port that is named is taken.
    """

    def __init__(self, now: Now, picture: bytes, *, port: int | None, open_it: bool) -> None:
        self.now = now
        self.picture = picture
        self.run = secrets.token_hex(8)  # tells pages whether the training is still the one that they show
        self.open_pages = 0
        listener = _listen(port)
        self.address = f"http://{HOST}:{listener.getsockname()[1]}/"
        self.server = _server(self._app())
        self.thread = Thread(target=self.server.run, args=([listener],), name="live page", daemon=True)
        self.thread.start()
        how = "" if open_it and open_in_browser(self.address) else "; open it in a browser on this machine"
        write_line(f"Live at {self.address}{how}")

    @property
    def watched(self) -> bool:
        """Whether a page is open."""
        return self.open_pages > 0

    def show(self, now: Now) -> None:
        """Send a moment to the open pages. The last one ends the server."""
        self.now = now
        if now.ended:
            self.server.should_exit = True  # it first lets the open pages take what they are sent
            self.thread.join(PATIENCE)

    def _app(self) -> Starlette:
        # Host: a name that another site had pointed to this machine would pass for a site of its own
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=NAMES, www_redirect=False)
        return Starlette(routes=[Route("/", self._home), Route("/now", self._moments)], middleware=[hosts])

    async def _home(self, request: Request) -> Response:
        if not _same_origin(request):
            return _refusal()
        return HTMLResponse(render_live_page(self.now.bundle, self.picture), headers=HEADERS)

    async def _moments(self, request: Request) -> Response:
        if not _same_origin(request):
            return _refusal()
        return StreamingResponse(self._events(), media_type="text/event-stream", headers=HEADERS)

    async def _events(self) -> AsyncIterator[str]:
        """Each moment as a server-sent event, until the last one."""
        self.open_pages += 1
        sent = None
        try:
            while not (sent and sent.ended):
                if sent is not self.now:
                    sent = self.now
                    yield f"data: {self._text(sent)}\n\n"
                else:
                    await asyncio.sleep(LOOK)
        finally:
            self.open_pages -= 1

    def _text(self, now: Now) -> str:
        fields = {"line": now.line, "progress": now.progress, "ended": now.ended, "texture": now.bundle.fields()}
        return json.dumps({"run": self.run, **fields})


def _server(app: Starlette) -> uvicorn.Server:
    """A quiet one, without the parts that one page has no use for."""
    settings = uvicorn.Config(
        app,
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(settings)


def _listen(port: int | None) -> socket.socket:
    try:
        return socket.create_server((HOST, port or PORT))
    except OSError as error:
        if port:
            raise UserError(f"port {port} cannot be used for the live page: {error.strerror}") from None
        return socket.create_server((HOST, 0))


def _same_origin(request: Request) -> bool:
    """Whether no page of another site asks: browsers name the origin of those that do."""
    own = f"http://{request.headers['host']}"
    return bool(request.headers.get("origin", own) == own)


def _refusal() -> Response:
    return PlainTextResponse("Another origin", status_code=403, headers=HEADERS)
