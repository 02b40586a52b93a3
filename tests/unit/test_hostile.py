"""Runs of a stranger: what their files say is bounded, shown on one line, and leads out of no folder."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from command import done, nca
from disk import refusal, tree
from nca import UserError
from nca.api.info import info as nca_info
from nca.api.start import begin, resume
from nca.export.bundle import Bundle
from nca.export.check.replay import load_session
from nca.export.formats.registry import FORMATS
from nca.export.source import load_source
from nca.files import write_folder
from nca.jsontext import clean, parse_json
from nca.picture import picture_bytes
from nca.run import PICTURES, load_run, model_bytes
from nca.training.config import Config
from rules import random_rule
from trainers import TINY

DEEP = "[" * 200_000
NESTED = '{"a":' * 70 + "1" + "}" * 70


# Files that are none, or too large

READERS = {
    "bundle": lambda path: load_source(path / "x"),
    "page": lambda path: load_source(path / "x.html"),
    "run": lambda path: load_run(path),
    "session": lambda path: load_session(path / "x"),
}
NAMED = {"bundle": "x", "page": "x.html", "run": "model.safetensors", "session": "x"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("kind", READERS)
def test_a_pipe_is_refused_without_waiting_for_its_writer(tmp_path, kind):
    os.mkfifo(tmp_path / NAMED[kind])
    assert refusal(READERS[kind], tmp_path).endswith("cannot be read: a pipe or a device, expected a file")


@pytest.mark.parametrize("kind", READERS)
def test_a_file_beyond_memory_is_refused_before_it_is_read(tmp_path, kind):
    with (tmp_path / NAMED[kind]).open("wb") as file:
        file.truncate(1 << 40)  # it has holes alone
    assert refusal(READERS[kind], tmp_path).endswith("it holds 1,099,511,627,776 bytes, expected at most 1,073,741,824")


# JSON


@pytest.mark.parametrize("text", [DEEP, NESTED, '{"a":' * 200_000, DEEP + "]" * 200_000])
def test_deep_nesting_is_refused_on_every_version(text):
    with pytest.raises(ValueError, match="nested too deeply, more than 64 levels"):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    ['"' + "[[[" * 100 + '"', '"\\"' + "[" * 100 + '"', '["\\\\", "' + "{" * 100 + '"]', "[" + "[]," * 100 + "1]"],
)
def test_brackets_count_outside_of_texts_alone(text):
    assert parse_json(text) == json.loads(text)


@pytest.mark.parametrize(
    "hostile", ['"' + '\\"' * 500_000, '"' + '\\"' * 500_000 + "\\", '"a' * 300_001, '"' * 600_001]
)
def test_the_depth_is_found_in_linear_time(hostile):
    """A search that went back would take hours."""
    with pytest.raises(ValueError, match=r"Unterminated|Extra data|Expecting|Invalid"):
        parse_json(hostile)


def test_what_strict_readers_refuse_is_cleaned_at_export():
    provenance = {"style": float("nan"), "log": [float("inf"), (1.5, "\udce9")], "\udce9": 3}
    assert clean(provenance) == {"style": None, "log": [None, [1.5, "?"]], "?": 3}
    bundle = Bundle.of(random_rule(4, 8), "Moss", provenance)
    assert Bundle.from_json(bundle.to_json()).provenance == clean(provenance)


# What is shown


ESCAPES = "\x1b]0;owned\x07\x1b[2Jred\nlayer 1 worst sum fake\u202e"


def test_info_shows_control_characters_as_escapes(tmp_path):
    path = tmp_path / "moss.nca.json"
    path.write_text(Bundle.of(random_rule(4, 8), "moss", {"picture": ESCAPES, "\x1b[8mhidden": 1}).to_json())
    said = done("info", path)
    assert r"\x1b]0;owned\x07\x1b[2Jred\nlayer 1 worst sum fake\u202e" in said
    assert r"\x1b[8mhidden" in said
    assert re.search(r"[^\n -~]", said) is None
    assert len(re.findall("^layer 1", said, re.MULTILINE)) == 1


def test_an_error_shows_control_characters_as_escapes(tmp_path):
    (tmp_path / f"{ESCAPES}.nca.json").write_text("{")
    said = nca("info", tmp_path / f"{ESCAPES}.nca.json").stderr
    assert said.count("\n") == 1
    assert "\x1b" not in said


NAME = f'"><img src=x onerror=alert(1)>{ESCAPES}'


@pytest.mark.parametrize("kind", [name for name, each in FORMATS.items() if each.marker])
def test_the_texts_of_a_folder_hold_no_markup_and_no_control_character_of_a_name(kind):
    files = FORMATS[kind].files(Bundle.of(random_rule(4, 8), NAME))
    for name, content in files.items():
        if not name.endswith(".nca.json"):
            assert b"\x1b" not in content or name == "index.html"
        if name.endswith((".html", ".txt")):
            snippet = content.decode().partition("<")[2]
            assert "<img src=x" not in snippet


# pictures.json


def started(name="moss", command=("moss.png", "--steps=1")):
    return {"format": "nca-pictures-1", "runs": {name: command}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        *((started(name), "expected the name of a folder") for name in ("../x", "/x", "a/b", "a\\b", "..", "", "C:x")),
        (started("a\0b"), "expected the name of a folder"),
        (started(command=["moss.png", "--output=elsewhere"]), "'--output=elsewhere': expected --SETTING=VALUE"),
        (started(command=["moss.png", "--force"]), "'--force': expected --SETTING=VALUE"),
        (started(command=["moss.png", "--weights=x.pth"]), "expected --SETTING=VALUE"),
        (started(command=["moss.png", "other.png"]), "'other.png': expected --SETTING=VALUE"),
        (started(command=["--version"]), "picture '--version': expected a file"),
        (started(command=["a\0b"]), r"picture 'a\x00b': expected a file"),
        (started(command=[]), "is damaged"),
        (started(command=5), "is damaged"),
        ([], "is damaged"),
        (DEEP, "nested too deeply"),
    ],
)
def test_pictures_json_names_folders_below_its_own_and_settings_alone(tmp_path, content, reason):
    text = content if isinstance(content, str) else json.dumps(content)
    write_folder(tmp_path / "runs", {PICTURES: text.encode()})
    before = tree(tmp_path)
    result = nca("train", "--resume", "-o", tmp_path / "runs")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert reason in result.stderr
    assert tree(tmp_path) == before


# Resuming


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The files of a run that was trained for two steps of six."""
    folder = tmp_path_factory.mktemp("sound")
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    (folder / "moss.png").write_bytes(picture_bytes(pixels))
    recorder = begin(folder / "moss.png", folder / "run", Config(**TINY), device="cpu")
    for _ in recorder.trainer:
        recorder.after_batch(recorder.trainer)
        if recorder.trainer.step == 2:
            break
    recorder.save()
    return tree(folder / "run")


def config(**changes):
    return "config.json", lambda content: json.dumps(json.loads(content) | changes).encode()


def state(**changes):
    def change(content):
        arrays = load(content)
        return save({**arrays, **{name: np.array(value) for name, value in changes.items()}})

    return "state.safetensors", change


def content(name, new):
    return name, lambda _: new


HOSTILE = {
    "step inf": state(step=np.inf),
    "step nan": state(step=np.nan),
    "step -1": state(step=-1),
    "step 2^62": state(step=2**62),
    "two steps": state(step=[1, 2]),
    "seconds nan": state(seconds=np.nan),
    "seconds inf": state(seconds=np.inf),
    "pool of floats": state(pool=np.full((4, 16, 16, 4), np.nan)),
    "pool of another size": state(pool=np.zeros((1, 2, 3), np.int16)),
    "moments nan": ("state.safetensors", lambda old: save({**load(old), "moments.0.mean": np.full(1, np.nan)})),
    "no random": ("state.safetensors", lambda old: save({**load(old), "random": np.zeros(3, np.uint8)})),
    "steps 10^400": config(steps=10**400),
    "steps true": config(steps=True),
    "pool 10^30": config(pool=10**30),
    "pool 10^6": config(pool=10**6),
    "batch 10^30": config(batch=10**30),
    "minutes 10^300": config(minutes=1e300),
    "minutes text": config(minutes="soon"),
    "seed 2^40": config(seed=2**40),
    "scale nan": ("config.json", lambda old: old.replace(b'"scale": 1.0', b'"scale": NaN')),
    "NUL in a name": config(features="a\0b.py:Net"),
    "features 5": config(features=5),
    "weights infinite": ("config.json", lambda old: old.replace(b'"layer_weights": []', b'"layer_weights": [1e999]')),
    "unknown key": config(**{"\x1b[2J" * 100: 1}),
    "a list": content("config.json", b"[]"),
    "deep config": content("config.json", DEEP.encode()),
    "deep log": content("log.jsonl", DEEP.encode()),
    "log of texts": content("log.jsonl", b'{"step": "1"}\n'),
    "log of bytes": content("log.jsonl", b"\xff\xfe"),
    "long number": content("config.json", b'{"steps": ' + b"9" * 5000 + b"}"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_run_is_refused_in_one_line(sound, tmp_path, kind):
    name, change = HOSTILE[kind]
    changed = change(sound[name])
    assert changed != sound[name]
    write_folder(tmp_path / "run", sound | {name: changed})
    line = refusal(resume, tmp_path / "run", {}, device="cpu")
    assert len(line) < 500


def test_the_sound_run_resumes(sound, tmp_path):
    write_folder(tmp_path / "run", sound)
    assert resume(tmp_path / "run", {}, device="cpu").trainer.step == 2


def test_a_deep_provenance_is_refused(tmp_path):
    model = model_bytes(random_rule(4, 8), {})
    deep = save(load(model), {"format": "nca-fixed-1", "update": "128", "provenance": DEEP})
    write_folder(tmp_path / "run", {"model.safetensors": deep})
    with pytest.raises(UserError, match="nested too deeply"):
        load_run(Path(tmp_path / "run"))


def test_what_a_file_says_of_itself_hides_no_measured_fact(tmp_path):
    told = {"channels": 9999, "update rate": "1/256", "layer 1 worst sum": "0", "picture": "moss.png"}
    write_folder(tmp_path / "run", {"model.safetensors": model_bytes(random_rule(4, 8), told)})
    found = nca_info(tmp_path / "run")
    assert (found["channels"], found["update rate"], found["picture"]) == (4, "128/256", "moss.png")
    assert found["layer 1 worst sum"] != "0"
