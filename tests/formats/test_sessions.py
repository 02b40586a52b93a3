"""One table of a session's bounds in two languages: Python and the page refuse the same files."""

import json
from pathlib import Path

import pytest

from disk import refusal
from nca.export.bundle import Bundle
from nca.export.check.replay import load_session
from rules import random_rule
from scripts import call

CASES = json.loads((Path(__file__).parent / "cases" / "sessions.json").read_text(encoding="utf-8"))
RULES = {"moss": (4, 8), "fern": (4, 12), "wide": (8, 8), "fast": (4, 8, 0, 256)}
BUNDLES = {name: json.loads(Bundle.of(random_rule(*size), name).to_json()) for name, size in RULES.items()}
SESSION = {
    "format": "nca-session-1",
    "bundles": ["moss"],
    "width": 20,
    "height": 12,
    "seed": 7,
    "steps": 30,
    "events": [],
}
CHECK = "(session) => checkSession(session, (bundle) => bundle).length"


@pytest.fixture(scope="module")
def tab(browser):
    tab = browser.new_page()
    yield tab
    tab.close()


def session(changes):
    fields = SESSION | changes
    if isinstance(fields["bundles"], list):
        fields["bundles"] = [BUNDLES[name] for name in fields["bundles"]]
    return fields


def load(folder, fields):
    (folder / "moss.session.json").write_text(json.dumps(fields))
    return load_session(folder / "moss.session.json")


@pytest.mark.parametrize("changes", CASES["good"], ids=json.dumps)
def test_both_take_what_is_within_the_bounds(tab, tmp_path, changes):
    fields = session(changes)
    assert len(load(tmp_path, fields).rules) == len(fields["bundles"])
    assert call(tab, "session/check.js", CHECK, fields) == len(fields["bundles"])


@pytest.mark.parametrize("case", CASES["bad"], ids=lambda case: json.dumps(case["changes"])[:60])
def test_both_refuse_the_same_and_name_it(tab, tmp_path, case):
    fields = session(case["changes"])
    assert case["says"] in refusal(load, tmp_path, fields)
    assert case["says"] in call(tab, "session/check.js", CHECK, fields)["error"]
