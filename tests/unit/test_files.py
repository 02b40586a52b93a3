"""What is read and written: whole or not at all, and a clear refusal for whatever is damaged."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load, save

from decoders import random_decoder
from disk import refusal, tree
from nca import UserError
from nca.api.start import begin, resume
from nca.files import check_output, write_file, write_folder
from nca.picture import load_picture, picture_bytes
from nca.run import load_run, model_bytes
from nca.training.config import Config
from rules import random_rule
from strategies import heaviest
from trainers import TINY

SHORT = TINY | {"steps": 4}
RULE = random_rule(4, 8)


# Whole files and folders


def test_a_file_is_created_and_replaced_with_its_parents(tmp_path):
    path = tmp_path / "new" / "folder" / "page.html"
    write_file(path, b"one")
    write_file(path, b"two")
    assert tree(tmp_path) == {"new/folder/page.html": b"two"}


def test_a_folder_is_created_and_replaced_as_a_whole(tmp_path):
    path = tmp_path / "new" / "run"
    write_folder(path, {"config.json": b"1", "previews/1.png": b"2"})
    write_folder(path, {"life.json": b"3"})
    assert tree(tmp_path) == {"new/run/life.json": b"3"}


def test_what_others_put_into_a_folder_stays_when_it_is_replaced(tmp_path):
    path = tmp_path / "run"
    write_folder(path, {"config.json": b"1", "lava.nca.json": b"2"})
    (path / "photos").mkdir()
    (path / "photos" / "y.txt").write_bytes(b"mine")
    (path / "notes.txt").write_bytes(b"mine")
    (path / "link").symlink_to("notes.txt")
    write_folder(path, {"config.json": b"3"})
    assert tree(path) == {"config.json": b"3", "notes.txt": b"mine", "photos/y.txt": b"mine", "link": b"mine"}
    assert (path / "link").is_symlink()


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_path_without_a_name_is_refused(name):
    assert "names no file or folder to write" in refusal(check_output, Path(name), force=True)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_any_other_file(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_file(tmp_path / "file", b"")
        write_folder(tmp_path / "folder", {"file": b"", "previews/1.png": b""})
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes["file"] == modes["1.png"] == 0o666 & ~umask
    assert modes["folder"] == modes["previews"] == 0o777 & ~umask


class DiskFull(dict):
    """Files of which the second cannot be had."""

    def items(self):
        yield "a", b"new"
        raise OSError(28, "No space left on device")


def test_an_error_in_the_middle_leaves_the_old_folder(tmp_path):
    write_folder(tmp_path / "run", {"a": b"old"})
    assert "run cannot be written: No space left on device" in refusal(write_folder, tmp_path / "run", DiskFull())
    assert tree(tmp_path) == {"run/a": b"old"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(5, "Input/output error")])
def test_an_error_between_the_moves_brings_the_old_folder_back(tmp_path, monkeypatch, error):
    write_folder(tmp_path / "run", {"a": b"old"})
    rename = Path.rename

    def fail_on_the_new(path, target):
        if (path / "b").exists():
            raise error
        return rename(path, target)

    monkeypatch.setattr("nca.swap._exchange", lambda *_: False)
    monkeypatch.setattr(Path, "rename", fail_on_the_new)
    with pytest.raises((KeyboardInterrupt, UserError)):
        write_folder(tmp_path / "run", {"b": b"new"})
    assert tree(tmp_path) == {"run/a": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_error_in_the_middle_leaves_the_old_file(tmp_path, monkeypatch):
    write_file(tmp_path / "page.html", b"old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert "page.html cannot be written: No space left" in refusal(write_file, tmp_path / "page.html", b"new")
    assert tree(tmp_path) == {"page.html": b"old"}


# Where to write


def test_what_exists_is_kept_without_force(tmp_path):
    (tmp_path / "page.html").write_text("mine")
    write_folder(tmp_path / "run", {"model": b""})
    (tmp_path / "empty").mkdir()
    assert "exists already: choose another name" in refusal(check_output, tmp_path / "page.html", force=False)
    for name in ("run", "empty"):
        assert "exists already" in refusal(check_output, tmp_path / name, force=False, marker="model")
    check_output(tmp_path / "page.html", force=True)
    check_output(tmp_path / "run", force=True, marker="model")
    check_output(tmp_path / "empty", force=True, marker="model")


def test_force_replaces_no_device_no_pipe_and_no_link(tmp_path):
    (tmp_path / "file").touch()
    write_folder(tmp_path / "run", {"model": b""})
    links = {"dangling": "nowhere", "to a file": "file", "to a run": "run"}
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    special = {tmp_path / name: "symbolic link" for name in ("dangling", "to a file")}
    for path, kind in (special | {tmp_path / "pipe": "pipe", Path("/dev/null"): "device"}).items():
        for force in (True, False):
            expected = f"{path} is a {kind}, which is never replaced: choose another name"
            assert refusal(check_output, path, force=force) == expected
    assert "is a symbolic link" in refusal(check_output, tmp_path / "to a run", force=True, marker="model")


def test_force_replaces_no_folder_but_our_own_and_no_file_by_a_folder(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").touch()
    (tmp_path / "letter").touch()
    assert "photos is a folder without model" in refusal(check_output, tmp_path / "photos", force=True, marker="model")
    assert "photos is a folder: expected the name of a file" in refusal(check_output, tmp_path / "photos", force=True)
    assert "letter is a file: expected the name of a folder" in refusal(
        check_output, tmp_path / "letter", force=True, marker="model"
    )


def test_an_output_that_cannot_be_written_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "run", tmp_path / "file" / "new" / "run", tmp_path / ("long" * 64)):
        for marker in (None, "model"):
            assert "cannot be written: " in refusal(check_output, path, force=True, marker=marker)


def test_asking_leaves_nothing_behind(tmp_path):
    check_output(tmp_path / "new" / "folder" / "run", force=False, marker="model")
    assert list(tmp_path.iterdir()) == []


# Run folders


@pytest.fixture
def run(tmp_path):
    write_folder(tmp_path / "moss", {"model.safetensors": model_bytes(RULE, {"picture": "moss.png"})})
    return tmp_path / "moss"


def test_a_run_comes_back_as_it_was_written(run):
    loaded = load_run(run)
    assert loaded.name == "moss"
    assert loaded.provenance == {"picture": "moss.png"}
    assert loaded.rule.update == RULE.update
    for name in ("w1", "b1", "k1", "w2", "k2"):
        assert np.array_equal(getattr(loaded.rule, name), getattr(RULE, name)), name


def test_a_decoder_comes_back_as_it_was_written(tmp_path):
    decoder = random_decoder(RULE.channels, 8, 3, skip=False)
    write_folder(tmp_path / "moss", {"model.safetensors": model_bytes(RULE, {}, decoder)})
    loaded = load_run(tmp_path / "moss")
    assert loaded.rule.fingerprint == RULE.fingerprint
    assert (loaded.decoder.fingerprint, loaded.decoder.detail) == (decoder.fingerprint, decoder.detail)


def test_every_rule_of_the_format_survives_the_file():
    """At the ends of all ranges: w in int8, b in int32, shifts in uint8."""
    for rule in (heaviest(16, 128, seed=0, shift=20), heaviest(4, 4, seed=1, shift=0)):
        arrays = load(model_bytes(rule, {}))
        assert all(np.array_equal(arrays[name], getattr(rule, name)) for name in arrays)


def test_a_run_has_the_folders_name_however_it_is_named(run, monkeypatch):
    monkeypatch.chdir(run)
    assert load_run(Path()).name == "moss"


def test_people_read_a_space_where_the_folder_has_an_underscore(run):
    assert load_run(run.rename(run.with_name("old_moss"))).name == "old moss"


ARRAYS = {name: getattr(RULE, name).astype("i4") for name in ("w1", "b1", "k1", "w2", "k2")}
META = {"format": "nca-fixed-1", "update": "128", "provenance": "{}"}
DAMAGED = {
    "is damaged .*expected a model of format nca-fixed-1": b"",
    "is damaged .*[Hh]eader": b"{}" * 50,
    r"format is None: expected 'nca-fixed-1'": save(ARRAYS),
    r"format is 'nca-fixed-3': expected": save(ARRAYS, META | {"format": "nca-fixed-3"}),
    r"holds .*'k1'.*: expected .*'decoder.b1'": save(ARRAYS, META | {"format": "nca-fixed-2"}),
    r"holds \['b1', 'k1', 'w1', 'w2'\]: expected \['b1', 'k1', 'k2', 'w1', 'w2'\]": save(
        {name: ARRAYS[name] for name in ("w1", "b1", "k1", "w2")}, META
    ),
    "w1 holds float32: expected integers": save(ARRAYS | {"w1": ARRAYS["w1"].astype("f4")}, META),
    "w1 holds 1000: expected": save(ARRAYS | {"w1": ARRAYS["w1"] * 0 + 1000}, META),
    r"layer 1, row . can reach .*expected below 2\^24": save(ARRAYS | {"b1": ARRAYS["b1"] * 0 + 2**24 - 1}, META),
    "b1 has shape": save(ARRAYS | {"b1": ARRAYS["b1"][:4]}, META),
    "is damaged .*KeyError.*update": save(ARRAYS, {"format": "nca-fixed-1", "provenance": "{}"}),
    "is damaged .*half": save(ARRAYS, META | {"update": "half"}),
    "update holds 999": save(ARRAYS, META | {"update": "999"}),
    "is damaged .*Expecting": save(ARRAYS, META | {"provenance": "{"}),
    "provenance is a list: expected an object": save(ARRAYS, META | {"provenance": "[]"}),
    "is damaged .*nested too deeply": save(ARRAYS, META | {"provenance": "[" * 100_000}),
}


@pytest.mark.parametrize(("message", "content"), DAMAGED.items(), ids=range(len(DAMAGED)))
def test_a_damaged_model_is_refused_and_named(run, message, content):
    (run / "model.safetensors").write_bytes(content)
    refused = refusal(load_run, run)
    assert re.search(message, refused), refused
    assert str(run / "model.safetensors") in refused


@given(place=st.integers(0, 2**16), flip=st.integers(1, 255), keep=st.integers(0, 2**16) | st.none())
@settings(max_examples=150)
def test_a_model_with_a_byte_changed_or_cut_short_is_refused_or_still_a_rule(tmp_path_factory, place, flip, keep):
    content = bytearray(model_bytes(RULE, {"picture": "moss.png"}))
    content[place % len(content)] ^= flip
    folder = tmp_path_factory.getbasetemp() / "flipped"
    write_folder(folder, {"model.safetensors": bytes(content[: keep and keep % len(content)])})
    try:
        load_run(folder)
    except UserError as refused:
        assert "\n" not in str(refused)


def test_what_is_no_run_folder_says_what_is_expected(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "model.safetensors").mkdir(parents=True)
    for path in (tmp_path / "missing", tmp_path):
        assert "is not a run folder: expected model.safetensors in it" in refusal(load_run, path)
    assert "cannot be read: Not a directory" in refusal(load_run, tmp_path / "file")
    assert "cannot be read: Is a directory" in refusal(load_run, tmp_path / "folder")


# Training runs on disk


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    return tmp_path / "moss.png"


def recorder(picture, folder, **changes):
    return begin(picture, folder, Config(**SHORT | changes), device="cpu")


def train(recorder, steps=1000):
    for progress in recorder.trainer:
        recorder.after_batch(recorder.trainer)
        if progress.step == steps:
            break
    recorder.save()


def test_a_run_folder_holds_what_the_design_says(picture, tmp_path):
    folder = tmp_path / "run"
    train(recorder(picture, folder))
    assert sorted(tree(folder)) == [
        "config.json",
        "log.jsonl",
        "model.safetensors",
        "previews/000004.png",
        "state.safetensors",
        "target.png",
    ]
    assert Config.of(json.loads((folder / "config.json").read_text())) == Config(
        **SHORT | {"scale": 1.0, "detail": 1}
    )  # chosen by the picture
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == 4
    assert log[-1]["progress"] == 1
    assert np.array_equal(load_picture(folder / "target.png"), load_picture(picture)[2:18, 2:18])
    with Image.open(folder / "previews" / "000004.png") as preview:
        assert preview.size == (64, 16)
    provenance = load_run(folder).provenance
    assert provenance["picture"] == "moss.png"
    assert provenance["trained"] == log[-1]
    assert provenance["config"]["seed"] == 0


def test_the_saved_rule_is_the_trained_automatons(picture, tmp_path):
    ours = recorder(picture, tmp_path / "run")
    train(ours)
    saved, trained = load_run(tmp_path / "run").rule, ours.trainer.automaton.rule()
    assert all(np.array_equal(getattr(saved, name), getattr(trained, name)) for name in ("w1", "b1", "k1", "w2", "k2"))


def test_nothing_is_written_before_the_first_save(picture, tmp_path):
    ours = recorder(picture, tmp_path / "new" / "run")
    next(iter(ours.trainer))
    assert list(tmp_path.iterdir()) == [picture]


def test_a_long_training_saves_now_and_then(picture, tmp_path, monkeypatch):
    ours = recorder(picture, tmp_path / "run")
    for progress in ours.trainer:
        monkeypatch.setattr("time.monotonic", lambda late=ours.saved + 31: late)
        ours.after_batch(ours.trainer)
        previews = sorted(path.name for path in (tmp_path / "run" / "previews").iterdir())
        assert previews == [f"{step:06}.png" for step in range(1, progress.step + 1)]


def test_a_resumed_run_ends_as_the_uninterrupted_one(picture, tmp_path):
    train(recorder(picture, tmp_path / "whole"))
    train(recorder(picture, tmp_path / "stopped"), steps=2)
    train(resume(tmp_path / "stopped", {}, device="cpu"))
    whole, resumed = (load((tmp_path / name / "state.safetensors").read_bytes()) for name in ("whole", "stopped"))
    whole.pop("seconds"), resumed.pop("seconds")
    assert whole.keys() == resumed.keys()
    assert all(np.array_equal(whole[name], resumed[name]) for name in whole)
    log = (tmp_path / "stopped" / "log.jsonl").read_text()
    assert [json.loads(line)["step"] for line in log.splitlines()] == [4]
    assert sorted((tmp_path / "stopped" / "previews").iterdir())[-1].name == "000004.png"


def test_a_run_trained_to_its_end_goes_on_only_when_asked_for_more(picture, tmp_path):
    train(recorder(picture, tmp_path / "run"))
    assert "trained to its end: to train it further, ask for more --steps" in refusal(
        resume, tmp_path / "run", {}, device="cpu"
    )
    more = resume(tmp_path / "run", {"steps": 6}, device="cpu")
    assert [progress.step for progress in more.trainer] == [5, 6]


def test_a_run_of_an_older_version_resumes(picture, tmp_path):
    """Its configuration holds settings that are fixed now, and its log a key with an older name."""
    folder = tmp_path / "run"
    train(recorder(picture, folder), steps=2)
    older = {"update": 128, "shortest": 16, "longest": 32, "learning_rate": 0.002}
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | older))
    (folder / "log.jsonl").write_text((folder / "log.jsonl").read_text().replace('"progress"', '"part"'))
    assert [progress.step for progress in resume(folder, {}, device="cpu").trainer] == [3, 4]
    (folder / "config.json").write_text(json.dumps(config | older | {"learning_rate": 0.01}))
    assert "learning_rate is 0.01: expected 0.002" in refusal(resume, folder, {}, device="cpu")


def test_steps_take_over_from_minutes(picture, tmp_path):
    train(recorder(picture, tmp_path / "run", minutes=1e-9))
    more = resume(tmp_path / "run", {"steps": 3}, device="cpu")
    assert [progress.step for progress in more.trainer] == [2, 3]


def test_a_damaged_run_cannot_be_resumed_and_says_why(picture, tmp_path):
    folder = tmp_path / "run"
    train(recorder(picture, folder), steps=2)
    sound = tree(folder)

    def refused(name, content):
        write_folder(folder, {key: value for key, value in (sound | {name: content}).items() if value is not None})
        return refusal(resume, folder, {}, device="cpu")

    config = json.loads(sound["config.json"])
    assert "config.json: No such file" in refused("config.json", None)
    assert "is damaged" in refused("config.json", b"{")
    assert "is damaged" in refused("config.json", b"[]")
    assert "is damaged" in refused("config.json", b"\xff")
    assert "unknown keys ['chanels']" in refused("config.json", json.dumps(config | {"chanels": 4}).encode())
    assert "channels is 4.0: expected a whole number" in refused(
        "config.json", json.dumps(config | {"channels": 4.0}).encode()
    )
    assert "is damaged" in refused("config.json", json.dumps(config | {"minutes": "five"}).encode())
    assert "does not fit the configuration" in refused("config.json", json.dumps(config | {"hidden": 16}).encode())
    assert "state.safetensors: No such file" in refused("state.safetensors", None)
    assert "is damaged" in refused("state.safetensors", sound["state.safetensors"][:-8])
    assert "is damaged" in refused("state.safetensors", save({"pool": np.zeros(3)}))
    assert "target.png: no such picture" in refused("target.png", None)
    assert "model.safetensors" in refused("model.safetensors", None)
    assert "model.safetensors" in refused("model.safetensors", b"")
