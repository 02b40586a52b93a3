"""Firefox and WebKitGTK as Linux distributions ship them, on a screen of their own; Python alone drives them.

Playwright drives only its own builds of the two. Both here take WebDriver's commands: WebKitWebDriver over HTTP,
Firefox over a socket (https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html).
"""

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager, suppress
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection

from nca import UserError
from nca.export.check.browser import MissingBrowser
from server import HOST, free_port

__all__ = ["firefox", "webkit"]

LIMIT = 300  # seconds for one answer: a renderer in software on a busy machine
SESSION = {"timeouts": {"script": 1000 * LIMIT}}
PREFERENCES = {
    "marionette.port": 0,  # any that is free
    "webgl.force-enabled": True,
    "webgl.forbid-software": False,
    "webgl.sanitize-unmasked-renderer": False,  # its name in full
}


class Tab:
    """A tab as `nca.export.check.live` wants it.

    send: takes a command and its parameters, returns the answer's value.
    """

    def __init__(self, send, navigate, execute):
        self._send, self._navigate, self._execute = send, navigate, execute

    def goto(self, url):
        for each in ("about:blank", url):  # from one page to another of the same #fragment Firefox does not wait
            self._send(self._navigate, {"url": each})

    def evaluate(self, expression, arg=None):
        return self._send(self._execute, {"script": f"return ({expression})(...arguments)", "args": [arg]})


@contextmanager
def firefox(profile):
    """A tab of Firefox, which has WebGL2 on a screen only. profile: an empty folder."""
    settings = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(settings))
    command = [find("firefox-esr", "firefox"), "--marionette", "--profile", profile]
    with screen() as display, running(command, DISPLAY=display) as process:
        chosen = profile / "MarionetteActivePort"
        port = until(process, lambda: chosen.exists() and int(chosen.read_text() or 0))
        with socket.create_connection((HOST, port), LIMIT) as connection, connection.makefile("rwb") as stream:
            receive(stream)  # it introduces itself
            send = marionette(stream)
            send("WebDriver:NewSession", SESSION)
            yield Tab(send, "WebDriver:Navigate", "WebDriver:ExecuteScript")


def marionette(stream):
    def send(command, parameters):
        message = json.dumps([0, 0, command, parameters])  # a request, its number, ...
        stream.write(f"{len(message)}:{message}".encode())
        stream.flush()
        _, _, error, result = receive(stream)
        if error:
            raise UserError(f"Firefox: {error['message']}")
        return result.get("value")

    return send


def receive(stream):
    """The next message, which its length and a colon precede."""
    length = b"".join(iter(lambda: stream.read(1), b":"))
    return json.loads(stream.read(int(length)))


@contextmanager
def webkit():
    """A tab of WebKitGTK's MiniBrowser."""
    port = free_port()
    command = [find("WebKitWebDriver"), f"--port={port}"]
    with screen() as display, running(command, DISPLAY=display) as process:
        until(process, lambda: listens(port))
        session = post(port, "/session", {"capabilities": {"alwaysMatch": SESSION}})["sessionId"]
        yield Tab(partial(post, port), f"/session/{session}/url", f"/session/{session}/execute/sync")


def listens(port):
    with suppress(ConnectionRefusedError), socket.create_connection((HOST, port)):
        return True


def post(port, path, body):
    with closing(HTTPConnection(HOST, port, timeout=LIMIT)) as connection:
        connection.request("POST", path, json.dumps(body))
        answer = connection.getresponse()
        value = json.load(answer)["value"]
    if answer.status != HTTPStatus.OK:
        raise UserError(f"WebKit: {value['message']}")
    return value


@contextmanager
def screen():
    """A display in memory."""
    command = [find("Xvfb"), "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with running(command, stdout=subprocess.PIPE) as process:
        yield ":" + until(process, process.stdout.readline).decode().strip()


@contextmanager
def running(command, stdout=subprocess.DEVNULL, **environment):
    variables = os.environ | environment
    with subprocess.Popen(command, env=variables, stdout=stdout, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def find(*names):
    for name in names:
        if path := shutil.which(name):
            return path
    raise MissingBrowser(f"no {names[0]} on PATH")


def until(process, ready):
    """What `ready` returns as soon as it is true."""
    for _ in range(300):
        if value := ready():
            return value
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise UserError(f"{process.args[0]} does not start")
