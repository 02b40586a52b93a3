"""The command line, as its users meet it: what it makes, and one clear line for every mistake."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from PIL import Image

from command import ENVIRONMENT, done, nca, nca_in_thread
from decoders import random_decoder
from disk import claimed, tree
from nca import __version__
from nca.cli import main
from nca.export.bundle import Bundle
from nca.files import write_folder
from nca.picture import picture_bytes
from nca.rule.reference import reference_rollout, rgb_bytes, seed_state
from nca.run import load_run, model_bytes
from paths import ROOT
from rules import random_rule
from terminal import Terminal

TINY = ["--preset", "tiny", "--size", "16", "--field", "16", "--features", "multiscale"]


def python(*args, **options):
    return subprocess.run(
        [sys.executable, *args], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, **options
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a picture, a run, a bundle and a page."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    rule = random_rule(4, 8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    write_folder(tmp_path / "run", {"model.safetensors": model_bytes(rule, {"picture": "moss.png"})})
    (tmp_path / "moss.nca.json").write_text(Bundle.of(rule, "Moss").to_json())
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "letter").write_text("dear")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What it makes


def test_from_a_picture_to_a_page(here):
    trained = done("train", "moss.png", "-o", "runs/moss", *TINY, "--steps", 2, "--seed", 3)
    assert "4 channels, 8 hidden, 168 parameters" in trained
    assert "Saved runs/moss; next: nca export runs/moss" in trained
    assert load_run(Path("runs/moss")).provenance["config"]["seed"] == 3
    assert "Saved moss.html" in done("export", "runs/moss")
    assert "Saved moss.png" in done("render", "moss.html", "-o", "moss.png", "--size", "24x16", "--steps", 5, "--force")
    assert re.search(r"^parameters +168$", done("info", "moss.html"), re.MULTILINE)
    assert re.search(r"^config seed +3$", done("info", "runs/moss"), re.MULTILINE)


def test_existing_work_is_kept_unless_forced_and_forcing_starts_anew(here):
    done("train", "moss.png", "-o", "new", *TINY, "--steps", 2)
    before = tree(here)
    assert "new exists already" in nca("train", "moss.png", "-o", "new", *TINY, "--steps", 3).output
    assert tree(here) == before
    done("train", "moss.png", "-o", "new", *TINY, "--steps", 3, "--force")
    assert load_run(Path("new")).provenance["trained"]["step"] == 3
    assert [path.name for path in Path("new/previews").iterdir()] == ["000003.png"]


def test_resuming_goes_on_with_the_runs_picture_and_settings(here):
    done("train", "moss.png", "-o", "new", *TINY, "--steps", 2, "--seed", 5)
    (here / "moss.png").unlink()
    assert "Training new on moss.png, 16 px" in done("train", "--resume", "-o", "new", "--steps", 4)
    run = load_run(Path("new"))
    assert run.provenance["trained"]["step"] == 4
    assert run.provenance["config"]["seed"] == 5
    assert run.provenance["picture"] == "moss.png"


def test_the_outputs_name_chooses_the_format_and_a_runs_dots_stay(here):
    done("export", "run", "-o", "new.nca.json")
    assert json.loads(Path("new.nca.json").read_text())["name"] == "run"
    done("export", "run", "-o", "NEW.JSON")
    assert json.loads(Path("NEW.JSON").read_text())["name"] == "run"
    Path("run").rename("run.v1.2")
    assert "Saved run.v1.2.html" in done("export", "run.v1.2")


def test_a_single_file_goes_to_stdout(here):
    done("export", "run", "-o", "new.nca.json")
    result = nca("export", "run", "--format", "json", "-o", "-")
    assert (result.stdout, result.stderr) == (Path("new.nca.json").read_text(), "")
    assert not Path("-").exists()
    assert done("export", "run", "--format", "embed", "-o", "-").startswith("<!doctype html>")


def test_a_name_that_is_no_text_is_made_one(here):
    done("export", "run", "--title", "caf\udce9", "-o", "new.html")
    assert "<title>caf?</title>" in Path("new.html").read_text()


def test_render_writes_the_reference(here):
    done("render", "run", "-o", "out.png", "--size", "9x7", "--steps", 30, "--seed", 4)
    rule = random_rule(4, 8)
    with Image.open("out.png") as image:
        assert np.array_equal(np.asarray(image), rgb_bytes(reference_rollout(rule, seed_state(rule, 7, 9), 30, seed=4)))


def test_info_tells_how_far_from_its_bounds_a_rule_is(here):
    worst = random_rule(4, 8).worst_cases()[0].max()
    for source in ("run", "moss.nca.json"):
        output = done("info", source)
        assert re.search(
            rf"layer 1 worst sum +{worst:,}; the bound, 2\^24, is {2**24 / worst:.1f} times as large", output
        )
        assert re.search(r"update rate +128/256", output)


def test_info_shows_a_decoders_sizes_and_bounds(here):
    decoder = random_decoder(4, 8, 1)
    (here / "crisp.nca.json").write_text(Bundle.of(random_rule(4, 8), "Crisp", decoder=decoder).to_json())
    output = done("info", "crisp.nca.json")
    for fact, value in {"detail": 4, "hidden": 8, "grain": 1, "skip": "yes", "parameters": decoder.parameters}.items():
        assert re.search(rf"^decoder {fact} +{value}\b", output, re.MULTILINE)
    for layer, worst in enumerate(decoder.worst_cases(), start=1):
        assert re.search(rf"^decoder layer {layer} worst sum +{worst.max():,}; the bound, 2\^24", output, re.MULTILINE)
    assert "decoder" not in done("info", "moss.nca.json")


def test_evaluate_holds_runs_and_bundles_against_a_picture(here):
    (here / "run" / "target.png").write_bytes((here / "moss.png").read_bytes())
    table = done("evaluate", "run")
    assert re.search(r"^style +\d+\.\d{3} +\d+\.\d{3}$", table, re.MULTILINE)
    assert "not stable: after 200 steps it looks no more like its picture" in table
    run, bundle = json.loads(done("evaluate", "run", "moss.nca.json", "--picture", "moss.png", "--json"))
    assert run == bundle | {"source": "run"}
    assert run["texture"].keys() == run["perfect"].keys()
    assert run["stability"]["style"].keys() == {"200"}


# Every mistake is one clear line

PICTURES = {
    "text.png": b"<html>",
    "empty.png": b"",
    "dot.png": picture_bytes(np.zeros((1, 1, 3), dtype=np.uint8)),
    "bomb.png": claimed(60_000, 60_000),
    "cut.png": picture_bytes(np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8))[:-300],
}
FAILURES = {
    # pictures
    "train missing.png -o new": "missing.png: no such picture",
    "train folder -o new": "folder cannot be read: Is a directory",
    "train text.png -o new": "text.png is not a picture that Pillow can read: expected PNG",
    "train empty.png -o new": "empty.png is not a picture",
    "train dot.png -o new": "dot.png is 1x1: expected a picture of at least 16x16 pixels",
    "train bomb.png -o new": "bomb.png is too large a picture",
    "train cut.png -o new": "cut.png is a damaged picture",
    # outputs
    "train moss.png -o run": "run exists already: choose another name, or replace it with --force",
    "train moss.png -o folder": "folder is a folder without model.safetensors, so it is not replaced",
    "train moss.png -o folder --force": "folder is a folder without model.safetensors, so it is not replaced",
    "train moss.png -o moss.png --force": "moss.png is a file: expected the name of a folder",
    "train moss.png -o moss.png/new": "moss.png/new cannot be written: Not a directory",
    "export run -o moss.png": "moss.png exists already",
    "export run -o folder": "folder is a folder: expected the name of a file",
    "export run -o folder --force": "folder is a folder: expected the name of a file",
    "export run -o moss.png/new/page.html": "moss.png/new/page.html cannot be written: Not a directory",
    "export run --format glsl -o folder --force": "folder is a folder without",
    "render run -o moss.png": "moss.png exists already",
    "export run -o link.html --force": "link.html is a symbolic link, which is never replaced",
    "export run -o /dev/null --force": "/dev/null is a device, which is never replaced",
    "render run -o pipe.png --force": "pipe.png is a pipe, which is never replaced",
    "train moss.png -o -": "- is stdout, which takes only single files of nca export",
    "view run -o -": "- is stdout",
    # sources
    "export missing": "missing: no such file or folder; expected a run folder",
    "export folder": "folder is not a run folder: expected model.safetensors in it, as nca train writes it",
    "export cut": "cut/model.safetensors is damaged",
    "export moss.png": "moss.png",
    "export cut.nca.json": "expected a nca-fixed-1 bundle",
    "export no.html": "expected a page exported by nca",
    "export run missing": "missing: no such file or folder; expected a run folder",
    "view missing": "missing: no such file or folder; expected a run folder",
    "view run -o no.html": "no.html exists already",
    "info missing": "missing: no such file or folder",
    "info cut": "cut/model.safetensors is damaged",
    "info cut.nca.json": "expected a nca-fixed-1 bundle",
    "render missing -o new.png": "missing: no such file or folder",
    "render --session missing -o new.png": "missing: cannot be read",
    "render --session moss.png -o new.png": "moss.png: not UTF-8 text at byte 0, expected a session",
    "render --session moss.nca.json -o new.png": "moss.nca.json: format is 'nca-fixed-1', expected 'nca-session-1'",
    "render cut -o new.png": "cut/model.safetensors is damaged",
    "render run -o new.png --size 4096 --scale 8": "a picture of 32768x32768 pixels: expected at most 16,383 a side",
    "render run -o new.gif --frames 999999": "999999 pictures of 256x256 pixels: expected at most 2,147,483,648 bytes",
    "render run -o new.png --device mps": "device mps is not available: expected one of ['cpu'",
    "evaluate missing": "missing: no such file or folder",
    "evaluate run": "run holds no picture to compare with: name it with --picture FILE",
    "evaluate moss.nca.json": "moss.nca.json holds no picture to compare with",
    "evaluate run --picture text.png": "text.png is not a picture that Pillow can read",
    "train --resume -o missing": "missing is not a run folder",
    "train --resume -o cut": "cut/model.safetensors is damaged",
    "train --resume -o run": "run cannot be resumed: run/config.json: No such file",
    # settings
    "train moss.png -o new --channels 5": "channels is 5: expected one of (4, 8, 12, 16)",
    "train moss.png -o new --hidden 6": "hidden is 6: expected a multiple of 4 from 4 to 128",
    "train moss.png -o new --size 8": "size is 8: expected 16 to 1024 px",
    "train moss.png -o new --field 9999": "field is 9999: expected 16 to 1024 cells",
    "train moss.png -o new --steps 0": "steps is 0: expected at least 1",
    "train moss.png -o new --minutes 0": "minutes is 0.0: expected more than 0",
    "train moss.png -o new --minutes nan": "minutes is nan: expected more than 0",
    "train moss.png -o new --minutes inf": "minutes is inf: expected more than 0",
    "train moss.png -o new --weights moss.png": "moss.png is for trained features: leave it out",
    "train moss.png -o new --seed -1": "seed is -1: expected 0 to 2^32 - 1",
    "train moss.png -o new --features multiscale --layer-weights 1,2,3": "(1.0, 2.0, 3.0): expected 2 numbers",
    "train moss.png -o new --features multiscale --layer-weights 1,nan": "(1.0, nan): expected none below 0",
    "train moss.png -o new --features vgg16 --weights missing.pth": "missing.pth cannot be read: No such file",
    "train moss.png -o new --features vgg16 --weights moss.png": "moss.png holds no weights",
    "train moss.png -o new --device mps": "device mps is not available: expected one of ['cpu'",
    "verify run --browser missing": "no browser at missing: expected one of chromium",
}
WRONG_USAGE = {
    "train -o new": "Missing argument 'IMAGES...'",
    "train moss.png": "Missing option '-o'",
    "train moss.png -o new --chanels 4": "--chanels",
    "train moss.png -o new --channels four": "'four' is not a valid integer",
    "train moss.png -o new --preset huge": "'huge' is not one of 'tiny', 'small', 'full'",
    "train moss.png -o new --features resnet": "'resnet' is not one of 'auto', 'multiscale', 'imagenet', 'vgg16'",
    "train moss.png -o new --layer-weights a,b": "'a,b': expected numbers separated by commas, such as",
    "train moss.png -o new --amp fp8": "'fp8' is not one of",
    "train moss.png -o new --device tpu": "'tpu' is not one of",
    "train moss.png -o new --steps 5 --minutes 1": "--steps and --minutes exclude each other",
    "train moss.png --resume -o run": "--resume keeps the run's picture and settings: leave out IMAGE",
    "train --resume -o run --force --layer-weights 1,1": "leave out --force, --layer-weights",
    "render run": "Missing option '-o'",
    "render -o new.png": "Missing argument 'RUN_OR_BUNDLE_OR_PAGE'",
    "render run --session x.json -o new.png": "a session holds its own texture: leave out run",
    "render --session x.json -o new.png --seed 3": "a session holds its own run: leave out --seed",
    "render --session x.json -o new.gif": "new.gif: expected a name that ends in .png",
    "render run -o new.png --size 0x5": "'0x5': expected cells such as 256 or 320x200, each side from 1 to 4096",
    "render run -o new.png --size 5x5x5": "'5x5x5': expected cells",
    "render run -o new.png --size 99999": "'99999': expected cells",
    "render run -o new.png --steps -1": "-1 is not in the range x>=0",
    "render run -o new.png --seed 4294967296": "4294967296 is not in the range 0<=x<=4294967295",
    "render run -o folder --force": "folder: expected a name that ends in .png",
    "render run -o new.jpg": "new.jpg: expected a name that ends in .png, .webp, .gif, .mp4",
    "render run -o new.gif --frames 0": "0 is not in the range x>=1",
    "render run -o new.gif --fps 60": "60 is not in the range 1<=x<=50",
    "render run -o new.png --scale 9": "9 is not in the range 1<=x<=8",
    "render run -o new.png --steps 0 --fps 5 --loop": "a PNG holds one picture: leave out --fps, --loop",
    "render run -o new.png --sheet 5 --steps 3": "--sheet names its own steps: leave out --steps",
    "render run -o new.png --sheet 5,-1": "-1 steps: expected at least 0",
    "render run -o new.png --sheet 5,x": "'5,x': expected whole numbers separated by commas",
    "render run -o new.gif --sheet 5": "new.gif: expected a name that ends in .png",
    "evaluate": "Missing argument 'RUN_OR_BUNDLE_OR_PAGE...'",
    "export": "Missing argument 'RUN_OR_BUNDLE_OR_PAGE...'",
    "export run moss.nca.json --format glsl": "--format glsl takes one texture, these are 2",
    "export run --format exe": "'exe' is not one of",
    "export run -o new.jpg": "new.jpg: expected a name that ends in .html, .nca.json, .fs, .png, .webp, .gif",
    "export run -o new.svg": "new.svg: expected a name that ends in .html, ",
    "export run -o new.js": "new.js: expected a name that ends in .html, ",
    "export run -o new.png --format html": "new.png: expected a name that ends in .html, as --format html writes it",
    "export run -o - --format element": "- is stdout, and --format element writes a folder: name it",
    "view run -o new.jpg": "new.jpg: expected a name that ends in .html",
    "render run -o -": "-: expected a name that ends in .png, .webp, .gif, .mp4",
    "verify run --size big": "'big': expected cells",
    "verify run --steps 0": "0 steps: expected at least 1",
    "verify run --steps one": "'one': expected whole numbers separated by commas",
    "verify run --renderer paint": "'paint' is not one of",
    "paint moss.png": "No such command 'paint'",
}


@pytest.fixture
def damaged(here):
    for name, content in PICTURES.items():
        (here / name).write_bytes(content)
    write_folder(here / "cut", {"model.safetensors": (here / "run" / "model.safetensors").read_bytes()[:-9]})
    (here / "cut.nca.json").write_text((here / "moss.nca.json").read_text()[:-9])
    (here / "no.html").write_text("<html>")
    (here / "link.html").symlink_to("moss.nca.json")
    os.mkfifo(here / "pipe.png")
    return here


@pytest.mark.parametrize("command", FAILURES)
def test_a_failure_is_one_clear_line_and_leaves_everything_as_it_was(damaged, command):
    before = tree(damaged), sorted(damaged.rglob("*"))
    call = nca_in_thread if command.startswith("verify") else nca
    result = call(*command.split())
    assert result.exit_code == 1
    assert re.fullmatch(r"Error: .+\n", result.stderr), result.stderr
    assert FAILURES[command] in result.stderr
    assert result.stdout == ""
    assert (tree(damaged), sorted(damaged.rglob("*"))) == before


@pytest.mark.parametrize("command", WRONG_USAGE)
def test_wrong_usage_says_what_was_expected(damaged, command):
    before = tree(damaged)
    result = nca(*command.split())
    assert result.exit_code == 2
    *usage, error = result.stderr.splitlines()
    assert usage[0].startswith("Usage: nca ")
    assert error.startswith("Error: ")
    assert WRONG_USAGE[command] in error
    assert tree(damaged) == before


def test_a_missing_cuda_device_is_refused(here, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    result = nca("train", "moss.png", "-o", "new", "--device", "cuda")
    assert result.exit_code == 1
    assert "device cuda is not available: expected one of ['cpu'" in result.stderr
    assert not Path("new").exists()


def test_training_that_diverges_says_so_and_writes_nothing(here, monkeypatch):
    monkeypatch.setattr("nca.training.trainer.overflow", lambda states: states.sum() * torch.nan)
    result = nca("train", "moss.png", "-o", "new", *TINY)
    assert result.exit_code == 1
    assert result.stderr == "Error: training diverged at step 0: the loss is nan; try another --seed\n"
    assert not Path("new").exists()


# Help


COMMANDS = sorted(main.commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_and_option_has_help_and_stands_in_the_docs(name):
    command = main.commands[name]
    docs = (ROOT / "docs" / "commands.md").read_text()
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.help] == []
    context = click.Context(command, info_name=f"nca {name}", terminal_width=100, **main.context_settings)
    assert command.get_help(context) in docs, "docs/commands.md is stale: make docs"


def test_help_lists_each_command_and_the_way_through():
    output = done("--help")
    assert all(re.search(rf"^  {name} +\w", output, re.MULTILINE) for name in COMMANDS)
    examples = [line.split()[:2] for line in output.splitlines() if line.startswith(" " * 12 + "nca ")]
    assert examples == [["nca", name] for name in main.commands]
    assert all(len(line) <= 80 for line in output.splitlines())
    assert done("-h") == done() == output


def test_the_version_is_the_packages():
    assert done("--version").split()[-1] == __version__


def run_and_list_imports(*args):
    """The process, and those of the heavy packages that it imported."""
    code = (
        "import sys, nca.cli\n"
        "try: nca.cli.main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code\n"
        "print(*[name for name in sys.modules if '.' not in name])"
    )
    process = python("-c", code, *args, check=True)
    heavy = {"torch", "torchvision", "playwright", "PIL", "safetensors"}
    return process, heavy & set(process.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)])
def test_help_imports_nothing_heavy(command):
    _, imported = run_and_list_imports(*command, "--help")
    assert imported == set()


@pytest.mark.parametrize("kind", ["embed", "element", "json", "glsl"])
def test_exporting_imports_neither_torch_nor_torchvision(here, kind):
    """But for pages and pictures, which show what the texture looks like."""
    _, imported = run_and_list_imports("export", "run", "-o", "new", "--format", kind)
    assert not imported & {"torch", "torchvision", "playwright"}
    assert Path("new").exists()


def test_training_off_a_terminal_shows_plain_lines_and_imports_no_torchvision(here):
    process, imported = run_and_list_imports("train", "moss.png", "-o", "new", *TINY, "--steps", "2")
    progress, warning = process.stderr.splitlines()
    assert re.fullmatch(r"100%  step 2  style \d+\.\d{4}  0:00 left ", progress)
    assert warning.startswith("Warning: new is not stable: after 200 steps it looks no more like its picture")
    life = json.loads(Path("new/life.json").read_text())
    assert life["style"].keys() == {"200"}
    assert not life["stable"]
    assert life["reason"].startswith("after 200 steps")
    assert "torchvision" not in imported


# As a program


def test_python_m_nca_is_the_same_program():
    result = python("-m", "nca", "--help")
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: nca [OPTIONS] [COMMAND]")


def test_a_failure_of_the_program_has_no_traceback(here):
    result = python("-m", "nca", "export", "missing")
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(r"Error: missing: no such file or folder.*\n", result.stderr)


def test_ctrl_c_saves_and_says_how_to_go_on(here):
    terminal = Terminal("-m", "nca", "train", "moss.png", "-o", "new", *TINY, "--steps", "1000000")
    terminal.read_until(b"step 3 ")
    terminal.program.send_signal(signal.SIGINT)
    assert terminal.end() == 1
    assert terminal.shown.decode().endswith("Error: stopped and saved; to continue: nca train --resume -o new\r\n")
    assert "\u2591" in terminal.shown.decode()  # the bar
    assert "Traceback" not in terminal.shown.decode()
    step = load_run(Path("new")).provenance["trained"]["step"]
    assert step >= 3
    done("train", "--resume", "-o", "new", "--steps", step + 2)
    assert load_run(Path("new")).provenance["trained"]["step"] == step + 2
    assert json.loads(Path("new/config.json").read_text())["steps"] == step + 2
