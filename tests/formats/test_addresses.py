"""The addresses of textures, in Python and in the page."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nca.export.addresses import SETTINGS, addresses
from scripts import call

CASES = json.loads((Path(__file__).parent / "cases" / "addresses.json").read_text(encoding="utf-8"))
ALL = """(names) => {
  const taken = new Set();
  names.forEach((name) => taken.add(address(name, taken)));
  return [...taken];
}"""


@pytest.fixture(scope="module")
def tab(browser):
    tab = browser.new_page()
    yield tab
    tab.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["names"][0][:12])
def test_cases(tab, case):
    assert addresses(case["names"]) == case["addresses"]
    assert call(tab, "page/address.js", ALL, case["names"]) == case["addresses"]


NAMES = st.one_of(
    st.sampled_from([*SETTINGS, "Seed", "moss", "Moss", "moss-2", "seed-2", ""]),
    st.text(st.characters(codec="utf-8"), max_size=80),
)


@given(st.lists(NAMES, max_size=8))
@settings(max_examples=25)
def test_any_names_get_addresses_of_their_own(tab, names):
    found = addresses(names)
    assert len(set(found)) == len(names)
    assert not set(found) & set(SETTINGS)
    assert set("".join(found)) <= set(string.ascii_lowercase + string.digits + "-.")
    assert call(tab, "page/address.js", ALL, names) == found
