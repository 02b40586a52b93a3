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


def written(folder, content):
    path = folder / "moss.session.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def with_more(value):
    """The text of a session with one more key, which nobody reads."""
    return json.dumps(session({}))[:-1] + f', "more": {value}}}'


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_of_json_is_refused(tmp_path, value):
    """Browsers refuse the file, too."""
    said = refusal(load_session, written(tmp_path, with_more(value)))
    assert f"not JSON ({value} is no number of JSON), expected a session" in said


def test_what_browsers_take_beside_the_fields_is_taken(tmp_path):
    for value in ("1e400", "9" * 5000, '"\\ud800"'):
        assert load_session(written(tmp_path, with_more(value))).steps == 30
    assert load_session(written(tmp_path, b"\xef\xbb\xbf" + with_more("1").encode())).steps == 30


@pytest.mark.parametrize(("levels", "fits"), [(62, True), (63, False)])
def test_a_session_is_deeper_than_its_bundles_by_the_levels_above_them(tmp_path, levels, fits):
    deep = BUNDLES["moss"] | {"provenance": {"x": json.loads("[" * levels + "]" * levels)}}
    path = written(tmp_path, json.dumps(session({}) | {"bundles": [deep]}))
    if fits:
        assert load_session(path).steps == 30
    else:
        assert "moss.session.json: nested too deeply, more than 66 levels, expected" in refusal(load_session, path)


def test_the_reason_of_a_refusal_is_true(tmp_path):
    for content, said in (
        (with_more("[" * 66 + "]" * 66), "nested too deeply, more than 66 levels, expected a session"),
        (b'{"format": "\xe9"}', "not UTF-8 text at byte 12, expected a session"),
        ("{", "not JSON (Expecting property name"),
    ):
        assert f"moss.session.json: {said}" in refusal(load_session, written(tmp_path, content))
