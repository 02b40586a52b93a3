"""The page's keys on keyboards of other layouts, as browsers report them."""

import pytest

from nca.export.bundle import Bundle
from rules import random_rule
from textures import ask

MOSS = Bundle.of(random_rule(4, 8), "Moss")
KEY = """(event) => {
  const press = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...event });
  document.querySelector("canvas").dispatchEvent(press);
  return press.defaultPrevented;
}"""
PRESSED = """() => [document.querySelector("canvas").nca.stepCount, document.querySelector("#size").value,
  document.querySelector("[name=brush]:checked").value, document.querySelector(".panel:not([hidden])")?.id ?? ""]"""
START = [0, "3", "erase", ""]
OTHER_LAYOUTS = [
    # AltGr on Windows is Ctrl and Alt; elsewhere it is no modifier at all. Option is Alt.
    ({"key": "[", "code": "Digit8", "ctrlKey": True, "altKey": True}, [0, "2", "erase", ""]),
    ({"key": "]", "code": "Digit9", "modifierAltGraph": True}, [0, "4", "erase", ""]),
    ({"key": "]", "code": "Digit6", "altKey": True}, [0, "4", "erase", ""]),
    # Cyrillic, Greek, Hebrew: the place of the key counts.
    ({"key": "\N{CYRILLIC SMALL LETTER YERU}", "code": "KeyS"}, [1, "3", "erase", ""]),
    ({"key": "\N{CYRILLIC CAPITAL LETTER YERU}", "code": "KeyS", "shiftKey": True}, [1, "3", "erase", ""]),
    ({"key": "\N{GREEK SMALL LETTER OMEGA}", "code": "KeyV"}, [0, "3", "erase", "view"]),
    ({"key": "\N{HEBREW LETTER TET}", "code": "KeyY"}, START),
    # French digits
    ({"key": "é", "code": "Digit2"}, [0, "3", "restore", ""]),
    ({"key": '"', "code": "Digit3"}, [0, "3", "noise", ""]),
    # Dvorak and French letters: the letter on the key counts, not its place.
    ({"key": "s", "code": "Semicolon"}, [1, "3", "erase", ""]),
    ({"key": "o", "code": "KeyS"}, START),
    ({"key": ";", "code": "KeyZ"}, START),
    ({"key": "s", "code": ""}, [1, "3", "erase", ""]),  # a keyboard on the screen
]
SHORTCUTS = [
    {"key": "[", "code": "BracketLeft", "metaKey": True},  # back, in Safari
    {"key": "-", "code": "Minus", "ctrlKey": True},  # a smaller page
    {"key": "s", "code": "KeyS", "ctrlKey": True},
    {"key": "\N{CYRILLIC SMALL LETTER YERU}", "code": "KeyS", "ctrlKey": True},
    {"key": "s", "code": "KeyS", "altKey": True},
    {"key": "2", "code": "Digit2", "ctrlKey": True},
    {"key": "Dead", "code": "KeyU", "altKey": True},
]
RENEW = """() => {
  const { nca } = document.querySelector("canvas");
  nca.reset();
  document.querySelector("#size").value = 3;
  document.querySelector("[value=erase]").click();
  document.querySelector(".panel:not([hidden]) .close")?.click();
}"""


@pytest.fixture
def tab(open_page):
    return open_page(MOSS, "#size=64x40&paused")


def test_keys_of_other_layouts(tab):
    for event, after in OTHER_LAYOUTS:
        tab.evaluate(RENEW)
        assert tab.evaluate(PRESSED) == START
        assert tab.evaluate(KEY, event) == (after != START), event
        assert tab.evaluate(PRESSED) == after, event


def test_shortcuts_of_the_browser_stay_its_own(tab):
    for event in SHORTCUTS:
        assert not tab.evaluate(KEY, event), event
        assert tab.evaluate(PRESSED) == START, event


def test_undo_on_a_cyrillic_layout(tab):
    ask(tab, "(session.stroke(), session.brush('erase', 3, 4, 2))")
    assert tab.evaluate(KEY, {"key": "\N{CYRILLIC SMALL LETTER YA}", "code": "KeyZ", "ctrlKey": True})
    tab.wait_for_function("() => !document.querySelector('canvas').session.history.strokes")
