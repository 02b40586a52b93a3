"""Mutated files of every kind are read or refused in one line: never a traceback, and never for long."""

import json
import random
import time

import numpy as np
import pytest

from nca import UserError
from nca.api.start import begin, resume
from nca.export.bundle import Bundle, load_bundle
from nca.export.check.replay import load_session
from nca.export.embedded import load_page
from nca.export.formats.page import render_page
from nca.files import write_folder
from nca.picture import load_picture, picture_bytes
from nca.run import load_run, model_bytes
from nca.training.config import Config
from rules import random_rule
from scripts import call
from trainers import TINY

FEW, MANY = 60, 2500  # files of each kind in `make test` and in `make test-all`
SLOW = {"configuration": 400, "state": 400}  # instead of MANY: each file is resumed
LONGEST = 20.0  # seconds for one file, on a busy machine
BUNDLE = Bundle.of(random_rule(4, 8), "Moss", {"picture": "moss.png", "config": {"seed": 3}})
SESSION = {"format": "nca-session-1", "width": 20, "height": 12, "seed": 7, "steps": 30, "events": [[3, "keep"]]}
VALUES = [None, True, -1, 0, 7.5, 1e300, float("nan"), 2**40, 10**400, "", "a\0b", "\ud800", [], {}, [[]], "x" * 10_000]
PIECES = [b"[" * 5000, b"{" * 70, b'"', b"\\", b"</script>", b"\x00", b"\xff\xfe", b"9" * 5000, b"NaN", b"1e999", b"-"]


def bend_bytes(content, dice):
    """Some bytes changed, removed, repeated, or replaced by what readers stumble over."""
    content = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at, length = dice.randrange(len(content) + 1), dice.randrange(1, 64)
        piece = dice.choice([bytes([dice.randrange(256)]), dice.choice(PIECES), bytes(content[at : at + length]) * 2])
        content[at : at + dice.choice([0, 1, length])] = piece
    return bytes(content[: dice.choice([None, None, dice.randrange(len(content) + 1)])])


def bend_values(value, dice):
    """One value in it, or its name, replaced by another kind."""
    if not isinstance(value, dict | list) or not value or dice.random() < 0.2:
        return dice.choice(VALUES)
    key = dice.choice(list(value) if isinstance(value, dict) else range(len(value)))
    bent = value.copy()
    if dice.random() < 0.15:
        del bent[key]
    else:
        bent[key] = bend_values(value[key], dice)
    return bent


def bend_json(content, dice):
    if dice.random() < 0.5:
        return bend_bytes(content, dice)
    return json.dumps(bend_values(json.loads(content), dice)).encode()


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """By kind: a sound file, what bends it, and what reads it from a path."""
    folder = tmp_path_factory.mktemp("sound")
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    (folder / "moss.png").write_bytes(picture_bytes(pixels))
    recorder = begin(folder / "moss.png", folder / "run", Config(**TINY), device="cpu")
    next(iter(recorder.trainer))
    recorder.save()
    files = {str(each.relative_to(folder / "run")): each for each in (folder / "run").rglob("*.*")}
    contents = {name: each.read_bytes() for name, each in files.items()}

    def resumed(path):
        name = "config.json" if path.stat().st_size < 1000 else "state.safetensors"
        write_folder(path.with_name("run"), contents | {name: path.read_bytes()})
        load_run(path.with_name("run"))
        resume(path.with_name("run"), {}, device="cpu")

    def run(path):
        write_folder(path.with_name("run"), {"model.safetensors": path.read_bytes()})
        load_run(path.with_name("run"))

    session = json.dumps(SESSION | {"bundles": [BUNDLE.fields()]}).encode()
    return {
        "bundle": (BUNDLE.to_json().encode(), bend_json, load_bundle),
        "page": (render_page(BUNDLE).encode(), bend_bytes, load_page),
        "session": (session, bend_json, load_session),
        "picture": (picture_bytes(pixels), bend_bytes, load_picture),
        "run": (model_bytes(BUNDLE.rule, BUNDLE.provenance), bend_bytes, run),
        "configuration": (contents["config.json"], bend_json, resumed),
        "state": (contents["state.safetensors"], bend_bytes, resumed),
    }


KINDS = ["bundle", "page", "session", "picture", "run", "configuration", "state"]


def fuzz(kind, count, first, folder):
    content, bend, read = kind
    refused = 0
    for seed in range(first, first + count):
        path = folder / "bent.html"
        path.write_bytes(bend(content, random.Random(seed)))  # noqa: S311 - no secret
        began = time.perf_counter()
        try:
            read(path)
        except UserError as error:
            assert "\n" not in str(error), seed
            refused += 1
        assert time.perf_counter() - began < LONGEST, seed
    return refused


@pytest.mark.filterwarnings("ignore")  # Pillow's, of damaged pictures
@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_is_read_or_refused_in_one_line(kinds, tmp_path, kind):
    assert fuzz(kinds[kind], FEW, 0, tmp_path)


@pytest.mark.rare
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", KINDS)
def test_many_mutated_files(kinds, tmp_path, kind):
    assert fuzz(kinds[kind], SLOW.get(kind, MANY), FEW, tmp_path)


def test_javascript_reads_no_mutated_bundle_that_python_refuses(browser):
    """The page, the element and the module share one check. JSON itself is stricter in Python: see "not JSON"."""
    bent = (bend_json(BUNDLE.to_json().encode(), random.Random(seed)) for seed in range(4 * FEW))  # noqa: S311
    texts = [content.decode(errors="replace").replace("\ufffd", "?") for content in bent]
    tab = browser.new_page()
    found = call(tab, "data/made.js", f"(texts) => texts.map({TOLD})", texts)
    tab.close()
    for text, told in zip(texts, found, strict=True):
        expected = refusal(text)
        if told == "not JSON" or (expected or "").startswith("not JSON"):
            continue
        assert (told is None) == (expected is None), (told, expected)
        assert told is None or ("\n" not in told and len(told) < 400)
    assert sum(told not in (None, "not JSON") for told in found) > FEW / 2


TOLD = """(text) => {
  let content;
  try { content = JSON.parse(text); } catch { return "not JSON"; }
  try { made(content); return null; } catch ({ message }) { return message; }
}"""


def refusal(text):
    try:
        Bundle.from_json(text)
    except UserError as error:
        return str(error)
    return None
