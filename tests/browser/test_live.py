"""`--live`: the page of a texture that is being trained, its server, and the same in a notebook's cell."""

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from urllib.parse import urlsplit

import numpy as np
import pytest

from command import nca
from disk import refusal
from nca.api.train import fit
from nca.callbacks.live import browser as browsers
from nca.callbacks.live import live as module
from nca.callbacks.live import page as pages
from nca.callbacks.live.live import Live
from nca.errors import UsageError
from nca.export.bundle import Bundle
from nca.rule.decode import decode
from nca.rule.painted import Paint, paint, painted_rollout
from nca.rule.reference import erase, reference_rollout, seed_state
from nca.training.callback import Callback, Interrupted
from nca.training.ranks import Ranks
from paths import EXAMPLES
from textures import ask, pixels, state
from trainers import noise, trainer

SEED = 5
START = f"#paused&seed={SEED}&size=32x24"
WINDOW = {"width": 640, "height": 480}


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Each optimisation step is a moment to show, and no test opens a window."""
    monkeypatch.setattr(module, "EVERY", 0)
    monkeypatch.setattr(browsers.webbrowser, "get", _no_browser)


def _no_browser():
    raise webbrowser.Error


class Look(Callback):
    """Calls a function after each optimisation step: in the middle of a training, and after its Live."""

    def __init__(self, look):
        self.look = look

    def after_batch(self, trainer):
        self.look(trainer)


class Recorded:
    """As much of a Recorder as `fit` uses."""

    order = -20

    def __init__(self, trainer):
        self.trainer, self.folder = trainer, "run"

    def __getattr__(self, _):
        return lambda *_: None


def watch(look, *, live=None, **changes):
    """A training of a few steps that calls look(trainer, live) after each."""
    live = live or Live()
    ours = trainer(**{"steps": 3} | changes)
    fit(Recorded(ours), [live, Look(lambda trainer: look(trainer, live))])
    return ours


@pytest.fixture
def open_live(complaining_tab):
    """Opens the page of a training that runs."""

    def open_live(live, location=START, **options):
        tab = complaining_tab(viewport=WINDOW, within=live.screen.address, fresh=True, **options)
        tab.goto(live.screen.address + location)
        return tab

    return open_live


def wait_for_weights(tab, live):
    """Until the texture on the page has the weights of the last moment."""
    fields = live.now.bundle.fields()
    wanted = [fields["weights"], fields.get("decoder", {}).get("weights")]
    tab.wait_for_function(
        """(wanted) => {
          const { weights, decoder } = document.querySelector("canvas").nca.bundle;
          return JSON.stringify([weights, decoder?.weights ?? null]) == JSON.stringify(wanted);
        }""",
        arg=wanted,
    )


def line(tab):
    return tab.locator("#training p").inner_text()


def says(tab, text):
    tab.get_by_text(text).wait_for()


@pytest.mark.parametrize("detail", [1, 2])
def test_new_weights_come_into_the_field_which_goes_on(open_live, detail):
    """The field is bit for bit the one that torch grows with the first weights and then goes on with the next."""
    seen = []

    def look(trainer, live):
        if trainer.step == 1:
            seen.append(open_live(live))
        (tab,) = seen
        wait_for_weights(tab, live)
        ask(tab, "nca.step(10)")
        grown.append(reference_rollout(live.now.bundle.rule, grown[-1], 10, seed=SEED, first=10 * (trainer.step - 1)))
        assert ask(tab, "nca.stepCount") == 10 * trainer.step
        assert np.array_equal(state(tab), grown[-1].numpy())
        decoders.append(live.now.bundle.decoder)
        assert np.array_equal(pixels(tab, detail)[..., :3], decode(decoders[-1], grown[-1], detail))

    decoders = []
    live, target = Live(), noise(1, 3, 16 * detail, 16 * detail)
    first = trainer(target, detail=detail).automaton.rule()
    grown = [seed_state(first, 24, 32)]
    ours = trainer(target, detail=detail, steps=6)
    fit(Recorded(ours), [live, Look(lambda trainer: look(trainer, live))])
    (tab,) = seen
    says(tab, "Training has ended at step 6. The texture lives on.")
    wait_for_weights(tab, live)
    assert detail == 1 or decoders[-1].fingerprint != decoders[-2].fingerprint  # it learns behind 80 %
    assert tab.complaints == []


def test_the_field_can_be_touched_and_stays_painted(open_live):
    """Wiped, slowed and turned between two moments: the brushes stay what they were, with the next weights."""
    seen = []

    def look(trainer, live):
        rule = live.now.bundle.rule
        if trainer.step == 1:
            tab = open_live(live)
            wait_for_weights(tab, live)
            ask(tab, "nca.step(20)")
            tab.mouse.click(320, 240)
            x, y, r = ask(tab, "session.history.events.at(-1).slice(2)")
            ask(tab, "session.brush('slow', 8, 8, 6, 2)")
            grown = erase(reference_rollout(rule, seed_state(rule, 24, 32), 20, seed=SEED), x, y, r)
            assert np.array_equal(state(tab), grown.numpy())
            ask(tab, "nca.step(5)")
            plain = Paint.none(24, 32)
            slowed = Paint(plain.owners, paint(plain.slowness, 8, 8, 6, 2))
            seen.extend([tab, slowed, painted_rollout((rule,), grown, slowed, 5, seed=SEED, first=20)])
        elif trainer.step == 2:
            tab, slowed, before = seen
            wait_for_weights(tab, live)
            ask(tab, "nca.step(5)")
            after = painted_rollout((rule,), before, slowed, 5, seed=SEED, first=25)
            assert np.array_equal(state(tab), after.numpy())

    watch(look)
    assert seen[0].complaints == []


def test_weights_that_come_while_the_context_is_lost_are_those_of_the_field_that_comes_back(open_live):
    def look(trainer, live):
        if trainer.step == 1:
            tab = open_live(live)
            wait_for_weights(tab, live)
            ask(tab, "nca.step(20)")
            tab.evaluate("window.lost = document.querySelector('canvas').nca.gl.getExtension('WEBGL_lose_context')")
            tab.evaluate("lost.loseContext()")
            seen.append(tab)
        elif trainer.step == 2:
            (tab,) = seen
            wait_for_weights(tab, live)
            tab.evaluate("lost.restoreContext()")
            tab.wait_for_function("() => !document.querySelector('canvas').nca.gl.isContextLost()")
            rule = live.now.bundle.rule
            assert np.array_equal(state(tab), reference_rollout(rule, seed_state(rule, 24, 32), 20, seed=SEED).numpy())

    seen = []
    watch(look)


def test_it_plays_while_it_learns_and_shows_figures(open_live):
    seen = []

    def look(trainer, live):
        if trainer.step == 1:
            seen.append(open_live(live, ""))
        (tab,) = seen
        wait_for_weights(tab, live)
        steps = ask(tab, "nca.stepCount")
        tab.wait_for_function("(steps) => document.querySelector('canvas').nca.stepCount > steps", arg=steps)
        if trainer.step == 2:
            says(tab, "step 2  style")
            assert line(tab).startswith("67%") and line(tab).endswith("left")
            assert tab.locator("#training progress").evaluate("({ value }) => value") == pytest.approx(2 / 3)
            assert tab.get_by_alt_text("The picture it learns").evaluate("({ naturalWidth }) => naturalWidth") == 16

    watch(look)
    (tab,) = seen
    says(tab, "Training has ended at step 3. The texture lives on.")
    steps = ask(tab, "nca.stepCount")
    tab.wait_for_function("(steps) => document.querySelector('canvas').nca.stepCount > steps", arg=steps)
    assert tab.complaints == []


def until(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("it takes too long")


def test_a_page_that_is_closed_costs_nothing_and_opens_again(open_live):
    def look(trainer, live):
        if trainer.step == 1:
            tab = open_live(live)
            wait_for_weights(tab, live)
            assert live.screen.watched
            tab.close()
            until(lambda: not live.screen.watched)
        elif trainer.step == 2:
            assert live.now.line == "Training begins."  # nothing was computed for nobody
            tab = open_live(live)
            until(lambda: live.screen.watched)
            wait_for_weights(tab, live)
        else:
            assert "step 3" in live.now.line

    watch(look)


def answers(address):
    try:
        return ask_server(address)[0]
    except ConnectionRefusedError:
        return None


def ask_server(address, path="/", host=None, method="GET", **headers):
    """Status and headers. The connection is closed before a stream ends."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": host or urlsplit(address).netloc, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    status, headers = answer.status, answer.headers
    answer.close()
    connection.close()
    return status, headers


@pytest.mark.parametrize("path", ["/", "/now"])
def test_only_this_machines_own_page_is_answered(path):
    def look(trainer, live):
        if trainer.step > 1:
            return
        address, port = live.screen.address, urlsplit(live.screen.address).port
        assert address == f"http://127.0.0.1:{port}/"
        for host in (None, f"localhost:{port}", "localhost:9000"):  # another port: ssh may lead here from it
            assert ask_server(address, path, host)[0] == 200
        for host in (
            "example.org",
            f"example.org:{port}",
            "127.0.0.1.example.org",
            "localhost.example.org",
            "10.0.0.1",
        ):
            assert ask_server(address, path, host)[0] == 400
        for origin in ("http://example.org", "null", f"https://127.0.0.1:{port}", f"http://localhost:{port}"):
            assert ask_server(address, path, Origin=origin)[0] == 403
        status, headers = ask_server(address, path, Origin=f"http://127.0.0.1:{port}")
        assert status == 200
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert "Access-Control-Allow-Origin" not in headers
        assert ask_server(address, "/etc/passwd")[0] == 404
        assert ask_server(address, path, method="POST")[0] == 405
        with pytest.raises(ConnectionRefusedError):  # it listens to one address alone
            socket.create_connection(("127.0.0.2", port), timeout=1)

    watch(look)


def test_the_page_may_ask_its_own_server_alone(open_live):
    """The policy is the exported page's, but for its own address."""

    def look(trainer, live):
        if trainer.step == 1:
            tab = open_live(live)
            assert tab.evaluate("fetch('/').then(({ status }) => status)") == 200
            tab.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
            assert any("Content Security Policy" in each for each in tab.complaints)

    watch(look)


def test_two_trainings_at_once_have_a_page_each(open_live):
    def outer(trainer, first):
        if trainer.step == 1:
            watch(lambda trainer, second: inner(trainer, first, second))
            assert answers(first.screen.address) == 200

    def inner(trainer, first, second):
        if trainer.step == 1:
            assert second.screen.address != first.screen.address
            assert [answers(each.screen.address) for each in (first, second)] == [200, 200]
            tabs = [open_live(each) for each in (first, second)]
            for tab, live in zip(tabs, (first, second), strict=True):
                until(lambda live=live: live.screen.watched)
                wait_for_weights(tab, live)

    watch(outer)


def test_a_port_that_is_taken_is_refused_if_it_was_chosen():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        live = Live(port=port)
        message = refusal(fit, Recorded(trainer()), [live])
    assert message.startswith(f"port {port} cannot be used for the live page: ")
    for port in (0, 65_536):
        with pytest.raises(UsageError, match="expected 1 to 65535"):
            Live(port=port)


def test_the_usual_port_is_used_where_it_is_free(monkeypatch):
    monkeypatch.setattr(pages, "PORT", (port := free()))
    watch(lambda trainer, live: live.screen.address.endswith(f":{port}/") or pytest.fail(live.screen.address))


def free():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def test_the_address_is_told_and_a_browser_opens_it(monkeypatch, capfd):
    opened = threading.Event()

    class Window(webbrowser.BaseBrowser):
        def open(self, address, *_):
            self.address = address
            opened.set()

    window = Window()
    monkeypatch.setattr(browsers.webbrowser, "get", lambda: window)
    addresses = set()
    watch(lambda _, live: addresses.add(live.screen.address))
    assert opened.wait(10)
    assert {window.address} == addresses
    assert capfd.readouterr().err == f"Live at {window.address}\n"


@pytest.mark.parametrize("found", [None, webbrowser.GenericBrowser("lynx")], ids=["none", "of a terminal"])
def test_without_a_browser_the_address_is_enough(monkeypatch, capfd, found):
    monkeypatch.setattr(browsers.webbrowser, "get", lambda: found or _no_browser())
    monkeypatch.delenv("BROWSER", raising=False)
    addresses = set()
    watch(lambda _, live: addresses.add(live.screen.address))
    assert capfd.readouterr().err == f"Live at {addresses.pop()}; open it in a browser on this machine\n"


def served():
    return [thread for thread in threading.enumerate() if thread.name == "live page"]


@pytest.mark.usefixtures("foreground")
def test_ctrl_c_ends_the_page_and_says_so(open_live):
    seen = []

    def look(trainer, live):
        if trainer.step == 2:
            seen.extend([open_live(live), live.screen.address])
            until(lambda: live.screen.watched)
            signal.raise_signal(signal.SIGINT)

    assert refusal(watch, look).startswith("stopped and saved")
    tab, address = seen
    says(tab, "Training stopped at step 2. The texture lives on.")
    assert answers(address) is None
    assert not served()


def test_an_error_ends_the_page_and_says_so(open_live):
    seen = []

    def look(trainer, live):
        seen.extend([open_live(live), live.screen.address])
        until(lambda: live.screen.watched)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watch(look)
    tab, address = seen
    says(tab, "Training failed. The texture lives on.")
    assert answers(address) is None
    assert not served()


def test_a_page_whose_training_is_gone_says_so_and_takes_up_the_next(open_live, monkeypatch):
    monkeypatch.setattr(pages, "PORT", free())
    seen = []

    def look(trainer, live):
        if trainer.step == 1:
            seen.append(open_live(live))
            until(lambda: live.screen.watched)
            live.screen.server.should_exit = True  # as if it were killed: nothing tells the page of an end
            live.screen.thread.join()
            says(seen[0], "The training does not answer. The texture lives on.")
            watch(again)

    def again(trainer, live):
        if trainer.step == 1:
            says(seen[0], "Training begins.")
            wait_for_weights(seen[0], live)

    watch(look)
    says(seen[0], "Training has ended at step 3. The texture lives on.")


def test_only_the_first_of_several_processes_shows_it():
    live, ours = Live(), trainer()
    ours.ranks = Ranks(index=1, count=2)
    live.before_fit(ours)
    assert live.screen is None
    assert not served()


def test_what_is_missing_is_told_before_training():
    code = "import sys, nca; sys.modules['uvicorn'] = None; nca.Live()"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stderr.endswith("UserError: the live page needs uvicorn: pip install 'nca-texture[live]'\n")


def test_the_command_shows_the_page_of_one_picture(tmp_path):
    small = ["--preset", "tiny", "--size", 16, "--field", 16, "--features", "multiscale", "--steps", 1]
    shown = nca("train", EXAMPLES / "lava.png", "-o", tmp_path / "run", *small, "--live")
    assert shown.exit_code == 0
    assert "Live at http://127.0.0.1:" in shown.output
    several = nca("train", "a.png", "b.png", "-o", tmp_path / "runs", "--live")
    assert several.exit_code == 2
    assert "--live shows the training of one picture" in several.output


# In a notebook


@pytest.fixture
def cells(monkeypatch):
    """What a notebook displays."""
    shown = []
    monkeypatch.setattr(module, "_in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    return shown


def test_in_a_notebook_the_widget_learns(cells):
    seen = []

    def look(trainer, live):
        (cell,) = cells
        widget, label = cell.children[0].children[0], cell.children[1]
        seen.append((widget._bundle["weights"]["w1"], label.value))
        assert widget._bundle["weights"] == live.now.bundle.fields()["weights"]

    ours = watch(look)
    assert len({weights for weights, _ in seen}) == 3
    assert "step 2  style" in seen[1][1]
    (cell,) = cells
    assert cell.children[1].value == "Training has ended at step 3. The texture lives on."
    last = Bundle.of(ours.automaton.rule(), "Texture").fields()["weights"]
    assert cell.children[0].children[0]._bundle["weights"] == last
    assert not served()


def test_an_interrupted_cell_says_so(cells):
    def look(trainer, live):
        trainer.stop(Interrupted())

    assert refusal(watch, look).startswith("stopped and saved")
    assert cells[0].children[1].value == "Training stopped at step 1. The texture lives on."
