"""A folder that is replaced: a kill at any instant leaves the old one or the new one at its name."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from command import nca
from disk import refusal, tree
from nca import swap
from nca.files import check_output, sweep_beside, write_file, write_folder
from nca.lock import locked

PROCESSES = multiprocessing.get_context("fork")
OLD, NEW = {"life.json": b"old"}, {"life.json": b"new", "previews/1.png": b"new"}


def killed_at(number, path, exchange):
    """Replace the folder in a process that dies after this many changes of names."""

    def work():
        count = 0

        def deadly(function):
            def call(*arguments, **options):
                nonlocal count
                result = function(*arguments, **options)
                count += 1
                if count == number:
                    os.kill(os.getpid(), signal.SIGKILL)
                return result

            return call

        Path.rename = deadly(Path.rename)
        swap._exchange = deadly(swap._exchange if exchange else lambda *_: False)
        swap.shutil.rmtree = deadly(swap.shutil.rmtree)
        write_folder(path, NEW)

    process = PROCESSES.Process(target=work)
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("exchange", [True, False], ids=["exchanged", "in two moves"])
def test_a_kill_leaves_the_old_folder_or_the_new_one(tmp_path, exchange):
    path, kills = tmp_path / "run", 0
    write_folder(path, OLD)
    while killed_at(kills + 1, path, exchange):
        kills += 1
        if exchange:
            assert tree(path) in (OLD, NEW)
        check_output(path, force=True, marker="life.json")  # as each command begins
        assert tree(path) in (OLD, NEW)
        sweep_beside(path)
        assert [each.name for each in tmp_path.iterdir()] == ["run"]
        write_folder(path, OLD)
    assert kills >= (2 if exchange else 3)
    assert tree(tmp_path) == {f"run/{name}": content for name, content in NEW.items()}


def test_this_system_exchanges_folders_in_one_move(tmp_path):
    if sys.platform != "linux":
        pytest.skip("Linux has renameat2")
    for name in ("one", "other"):
        write_folder(tmp_path / name, {name: b""})
    assert swap._exchange(tmp_path / "one", tmp_path / "other")
    assert tree(tmp_path) == {"one/other": b"", "other/one": b""}
    assert not swap._exchange(tmp_path / "one", tmp_path / "missing")


def test_sweeping_leaves_what_is_not_ours(tmp_path):
    theirs = {".run.settings", ".run.12345678.bak", "run", ".other.abcdefgh.nca-new"}
    for name in theirs:
        (tmp_path / name).touch()
    (tmp_path / ".run.abcdefgh.nca-new").mkdir()
    (tmp_path / ".run.abcdefgi.nca-new").touch()
    sweep_beside(tmp_path / "run")
    assert {each.name for each in tmp_path.iterdir()} == theirs


@pytest.mark.parametrize(
    "write", [lambda path: write_file(path, b""), lambda path: write_folder(path, {"life.json": b""})]
)
def test_what_is_written_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch, write):
    done, fsync, rename, replace = [], os.fsync, Path.rename, Path.replace
    monkeypatch.setattr(os, "fsync", lambda number: done.append("fsync") or fsync(number))
    monkeypatch.setattr(Path, "rename", lambda *paths: done.append("move") or rename(*paths))
    monkeypatch.setattr(Path, "replace", lambda *paths: done.append("move") or replace(*paths))
    write(tmp_path / "output")
    assert done == ["fsync", "move", "fsync"]


# Two trainings into one folder


def holder(path):
    """A process that holds the lock of an output, and then waits to be killed."""
    code = "import sys; from pathlib import Path; from nca.lock import locked\n"
    code += "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    program = subprocess.Popen([sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdout.readline() == b"held\n"
    return program


def take(path):
    with locked(path):
        pass


def test_a_second_training_into_one_folder_says_so_and_a_dead_one_does_not_block(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = "run cannot be written: another process trains into it: wait for that one, or choose another name"
    with holder(tmp_path / "new" / "run") as program:
        assert refusal(take, tmp_path / "new" / "run") == line
        for images in (["moss.png"], ["moss.png", "sand.png"], ["--resume"]):
            result = nca("train", *images, "-o", "new/run")
            assert (result.exit_code, result.stderr) == (1, f"Error: {line}\n")
        take(tmp_path / "new" / "other")
        program.kill()
    assert (tmp_path / "new" / ".run.lock").exists()  # of the dead process
    (tmp_path / "new" / ".run.abcdefgh.nca-new").mkdir()
    take(tmp_path / "new" / "run")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_lock_leaves_nothing_behind(tmp_path):
    with locked(tmp_path / "new" / "folder" / "run"):
        assert refusal(take, tmp_path / "new" / "folder" / "run")  # in the same process too
    assert list(tmp_path.iterdir()) == []


def test_an_output_sweeps_what_an_export_left_an_hour_ago(tmp_path):
    """A younger one may belong to another process that writes the same output."""
    old, young, other = (tmp_path / f".{name}.{'x' * 8}.nca-new" for name in ("a.html", "b.html", "c.html"))
    for left in (old, young, other):
        left.write_text("left")
    for left in (old, other):
        os.utime(left, (0, 0))
    check_output(tmp_path / "a.html", force=False)
    check_output(tmp_path / "b.html", force=False)
    assert {each.name for each in tmp_path.iterdir()} == {young.name, other.name}
