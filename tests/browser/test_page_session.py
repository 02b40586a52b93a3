"""Sessions that a page is given and saves: refused whole before anything changes, and never out of bounds."""

import json

import pytest

from nca.export.bundle import Bundle
from nca.export.check.replay import load_session
from rules import random_rule
from textures import ask

MOSS = Bundle.of(random_rule(4, 8), "Moss")
FERN = Bundle.of(random_rule(4, 8, seed=1), "Fern")
BAD = {
    "format": "nca-session-1",
    "bundles": [json.loads(FERN.to_json())],
    "width": 20,
    "height": 12,
    "seed": 7,
    "steps": 30,
    "events": [[3, "keep"], [2, "keep"]],
}


def give(tab, session):
    file = {"name": "bad.session.json", "mimeType": "application/json", "buffer": json.dumps(session).encode()}
    tab.set_input_files("[type=file]", file)


@pytest.mark.parametrize(
    "changes",
    [{}, {"events": [[1]]}, {"events": [[1, "toString"]]}, {"steps": 10**12}, {"bundles": None}, {"events": None}],
    ids=json.dumps,
)
def test_a_bad_session_changes_nothing_and_leaves_the_page_alive(open_page, changes):
    tab = open_page(MOSS, "#size=24x16&seed=3&paused")
    give(tab, BAD | changes)
    tab.wait_for_function("document.querySelector('#hint').textContent.startsWith('bad.session.json: ')")
    assert ask(tab, "[nca.width, nca.height, nca.seed]") == [24, 16, 3]
    assert tab.locator("#textures li").count() == 1  # nothing was added
    assert "size=24x16" in tab.url
    ask(tab, "(session.stroke(), session.brush('erase', 3, 4, 2))")
    assert ask(tab, "session.history.events") == [[0, "erase", 3, 4, 2]]
    assert ask(tab, "session.undo()")
    assert tab.complaints == []


@pytest.mark.parametrize(
    ("address", "seed", "size"),
    [
        ("#seed=-1&size=5000x2", 0, [4096, 2]),
        ("#seed=4294967296&size=0x3", 2**32 - 1, [1, 3]),
        ("#seed=1e99&size=8x8", 2**32 - 1, [8, 8]),
        ("#seed=2.7&size=8x8", 2, [8, 8]),
        ("#seed=x&size=8x8", 0, [8, 8]),
    ],
)
def test_no_address_makes_a_session_that_python_refuses(open_page, tmp_path, address, seed, size):
    tab = open_page(MOSS, f"{address}&paused")
    assert ask(tab, "[nca.seed, nca.width, nca.height]") == [seed, *size]
    (tmp_path / "saved.json").write_text(ask(tab, "JSON.stringify(session)"))
    saved = load_session(tmp_path / "saved.json")
    assert [saved.seed, saved.width, saved.height] == [seed, *size]


@pytest.mark.parametrize(("typed", "seed"), [("4294967296", 2**32 - 1), ("-5", 0), ("", 0)])
def test_no_field_makes_one_either(open_page, typed, seed):
    tab = open_page(MOSS, "#size=8x8&seed=3&paused")
    tab.evaluate(
        "(typed) => { const field = document.querySelector('#seed'); field.value = typed;"
        " field.dispatchEvent(new Event('change')); }",
        typed,
    )
    tab.wait_for_function(f"document.querySelector('canvas').nca.seed == {seed}")


def test_a_run_too_long_for_a_session_is_not_saved_and_the_page_says_why(open_page):
    tab = open_page(MOSS, "#size=24x16&paused")
    ask(tab, "(nca.automaton.stepCount = 1e8 + 1)")
    tab.evaluate("document.querySelector('#session').click()")
    assert tab.locator("#hint").inner_text() == (
        "Not saved: steps is 100000001, expected a whole number from 0 to 100000000."
    )
    ask(tab, "(nca.automaton.stepCount = 1e8)")
    with tab.expect_download() as download:
        tab.evaluate("document.querySelector('#session').click()")
    assert load_session(download.value.path()).steps == 10**8
