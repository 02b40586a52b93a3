"""Sessions as files: rendered by the command line, refused where they are broken."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from command import nca
from decoders import random_decoder
from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.check.replay import load_session
from nca.rule.decode import painted_decode
from nca.rule.painted import Paint, paint, painted_rollout
from nca.rule.reference import erase, reference_rollout, rgb_bytes, seed_state
from rules import random_rule

RULE = random_rule(4, 8, seed=1)
SESSION = {
    "format": "nca-session-1",
    "bundles": [json.loads(Bundle.of(RULE, "Moss").to_json())],
    "width": 20,
    "height": 12,
    "seed": 7,
    "steps": 30,
    "events": [[10, "keep"], [10, "erase", 5, 6, 3], [25, "restore", 5, 6, 1]],
}


@pytest.fixture
def write(tmp_path):
    """Writes a session with these changes; its path."""

    def write(**changes):
        path = tmp_path / "moss.session.json"
        path.write_text(json.dumps(SESSION | changes))
        return path

    return write


def expected():
    early = reference_rollout(RULE, seed_state(RULE, 12, 20), 10, seed=7)
    late = reference_rollout(RULE, erase(early, 5, 6, 3), 15, seed=7, first=10).clone()
    disc = [5, 6, 6, 6, 7], [5, 4, 5, 6, 5]  # rows and columns within 1 of column 5, row 6
    late[:, *disc] = early[:, *disc]
    return rgb_bytes(reference_rollout(RULE, late, 5, seed=7, first=25))


def test_the_command_renders_what_the_page_showed(write, tmp_path):
    output = tmp_path / "moss.png"
    args = ["render", "--session", write(), "-o", output, "--scale", "3"]
    result = nca(*args)
    assert result.output == f"Saved {output}: 60x36 pixels, 30 steps\n"
    assert np.array_equal(np.asarray(Image.open(output)), expected().repeat(3, 0).repeat(3, 1))


@pytest.mark.parametrize(("options", "detail"), [([], 4), (["--detail", 2], 2)])
def test_a_painted_field_is_decoded_by_its_owners(write, tmp_path, options, detail):
    """The first rule has no decoder. So its cells are squares, beside those that the other's decoder paints."""
    other, decoder = random_rule(4, 8, seed=2), random_decoder(4, 8)
    bundles = [*SESSION["bundles"], json.loads(Bundle.of(other, "Fern", decoder=decoder).to_json())]
    path = write(bundles=bundles, events=[[10, "own", 5, 6, 5, 1]])
    output = tmp_path / "moss.png"
    assert nca("render", "--session", path, "-o", output, *options).exit_code == 0

    state = reference_rollout(RULE, seed_state(RULE, 12, 20), 10, seed=7)
    nothing = Paint.none(12, 20)
    owners = replace(nothing, owners=paint(nothing.owners, 5, 6, 5, 1))
    state = painted_rollout((RULE, other), state, owners, 20, seed=7, first=10)
    expected = painted_decode((None, decoder), state, owners.owners, detail)
    assert np.array_equal(np.asarray(Image.open(output)), expected)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "nca-session-2"}, "format is 'nca-session-2', expected 'nca-session-1'"),
        ({"width": 0}, "width is 0, expected a whole number from 1 to 4096"),
        ({"height": "12"}, "height is '12', expected a whole number"),
        ({"steps": 10**8 + 1}, "steps is 100000001, expected a whole number from 0 to 100000000"),
        ({"seed": -1}, "seed is -1, expected a whole number from 0 to 4294967295"),
        ({"bundles": []}, "bundles"),
        ({"bundles": [{}]}, "format is None"),
        ({"events": None}, "events"),
        ({"events": [[1, "melt"]]}, "melt"),
        ({"events": [[1, "erase", 1, 2]]}, "erase"),
        ({"events": [[1, "erase", 1, 2, 1e300]]}, "1e"),
        ({"events": [[5, "keep"], [4, "keep"]]}, "4"),
        ({"events": [[31, "keep"]]}, "31"),
        ({"events": [7]}, "7"),
    ],
)
def test_a_broken_one_gets_one_clear_line(write, changes, message):
    path = write(**changes)
    with pytest.raises(UserError) as caught:
        load_session(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
