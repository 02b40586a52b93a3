"""An accelerator is optional: where Numba or its cache cannot be used, everything runs without it and says so once."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from disk import refusal
from nca import cache
from nca.export import gallery
from nca.export.bundle import Bundle
from nca.files import write_folder
from nca.model import backend
from nca.model.rollout import rollout
from nca.picture import picture_bytes
from nca.rule.reference import reference_rollout
from nca.run import model_bytes
from paths import ROOT
from rules import random_rule

RENDER = ["render", "run", "-o", "out.png", "--size", "16", "--steps", "3"]
TINY = ["--preset", "tiny", "--size", "16", "--field", "16", "--features", "multiscale", "--steps", "1"]
TRAIN = ["train", "moss.png", "-o", "new", *TINY]
AS_IT_IS = "from nca.cli import main; main(prog_name='nca')"


@pytest.fixture
def here(tmp_path):
    """A working folder with a picture and a run."""
    folder = tmp_path / "work"
    write_folder(folder / "run", {"model.safetensors": model_bytes(random_rule(4, 8), {})})
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    (folder / "moss.png").write_bytes(picture_bytes(pixels))
    return folder


def elsewhere(here, *arguments, program=AS_IT_IS, **environment):
    """A program in a process of its own; an environment variable that is None is left out."""
    given = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    options = {"env": {name: value for name, value in given.items() if value is not None}, "cwd": here}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=300, **options
    )


def refusing(error):
    """A program in which Numba raises an error at its import, then the command."""
    return f"""
import builtins
imported = builtins.__import__
def refuse(name, *rest, **more):
    if name == "numba":
        raise {error}
    return imported(name, *rest, **more)
builtins.__import__ = refuse
{AS_IT_IS}
"""


@pytest.mark.parametrize("command", [RENDER, TRAIN], ids=["render", "train"])
@pytest.mark.parametrize("error", ["ImportError('Numba needs NumPy 2.2 or less')", "OSError('no LLVM')"])
def test_a_numba_that_refuses_is_done_without_and_named_once(here, command, error):
    pytest.importorskip("numba")
    result = elsewhere(here, *command, program=refusing(error))
    assert result.returncode == 0, result.stderr
    reason = error.split("'")[1]
    warning = f"Warning: Numba cannot be used ({reason}): the steps run without it, several times slower\n"
    assert result.stderr.count(warning) == 1
    assert "Traceback" not in result.stderr


def test_without_a_usable_numba_it_is_the_reference(monkeypatch):
    monkeypatch.setattr(backend, "_import_compiled_steps", lambda: None)
    rule, state = random_rule(8, 32), torch.zeros(8, 5, 6)
    assert torch.equal(rollout(rule, state, 3, seed=2), reference_rollout(rule, state, 3, seed=2))


# The folder for what can be made again


@pytest.fixture
def sealed(tmp_path, monkeypatch):
    """A path in which nothing can be created, by root neither: a file."""
    (tmp_path / "sealed").touch()
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "sealed"))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    return tmp_path / "sealed"


def test_the_systems_folder_for_caches_is_used_where_it_can_be_written(sealed, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
    assert cache.cache_folder() == tmp_path / "mine" / "nca-texture"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which the standard says to ignore
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache.cache_folder() == tmp_path / "home" / ".cache" / "nca-texture"


def test_else_a_private_folder_for_temporary_files(sealed, tmp_path):
    (tmp_path / "temporary").mkdir()
    folder = cache.cache_folder()
    assert folder.parent == tmp_path / "temporary"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o777)  # as another user could have made it, to plant code in it
    assert cache.cache_folder() is None
    folder.rmdir()
    (tmp_path / "other").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "other")
    assert cache.cache_folder() is None


def test_no_home_is_no_traceback(sealed, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert cache.cache_folder() is None


def test_view_without_any_folder_asks_for_one(sealed):
    asked = "no folder can be written to keep the page in: choose a file for it with -o"
    assert refusal(gallery.view_page, [Bundle.of(random_rule(4, 8), "Moss")]) == asked


# Numba's cache

ADD = """
from nca.compiled.keep import kept

@kept
def add(a, b):
    return a + b
"""


@pytest.fixture
def site(tmp_path):
    """A copy of the compiled steps' package, with a function that compiles fast; nothing can be created beside it."""
    pytest.importorskip("numba")
    package = tmp_path / "site" / "nca"
    (package / "compiled").mkdir(parents=True)
    for file in ("__init__.py", "cache.py", "errors.py", "compiled/__init__.py", "compiled/keep.py"):
        shutil.copy(ROOT / "nca" / file, package / file)
    (package / "__init__.py").write_text("")  # no rule, no torch
    (package / "compiled" / "add.py").write_text(ADD)
    (package / "compiled" / "__pycache__").touch()
    return package.parent


def stranger(site, temporary):
    """A program of a user whom the system does not know, as in a container with -u."""
    return f"""
import pwd, sys, tempfile
def unknown(_):
    raise KeyError("uid not found")
pwd.getpwuid = unknown
sys.path.insert(0, {str(site)!r})
tempfile.tempdir = {str(temporary)!r}
from nca.compiled.add import add
print(add(1, 2))
"""


@pytest.mark.parametrize("home", [None, "/dev/null/home"])
@pytest.mark.parametrize("keeps", [True, False], ids=["a folder for temporary files", "no folder"])
def test_a_read_only_installation_compiles_wherever_it_can(here, site, tmp_path, home, keeps):
    temporary = tmp_path / "tmp"
    if keeps:
        temporary.mkdir()
    missing = dict.fromkeys(("XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "LOCALAPPDATA"))
    environment = {**missing, "HOME": home, "PYTHONDONTWRITEBYTECODE": "1"}
    result = elsewhere(here, program=stranger(site, temporary), **environment)
    assert (result.returncode, result.stdout) == (0, "3\n"), result.stderr
    warning = "no folder can be written for compiled code: Numba compiles it again each time\n"
    assert result.stderr == ("" if keeps else warning)
    assert bool(list(tmp_path.rglob("*.nbc"))) == keeps
    assert not (here / "~").exists()


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_damaged_cache_is_renewed(here, site, tmp_path, ending):
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    assert elsewhere(here, program=stranger(site, tmp_path), **environment).stdout == "3\n"
    (file,) = (tmp_path / "cache").rglob(f"*.{ending}")
    whole = file.stat().st_size
    file.write_bytes(file.read_bytes()[:20])
    again = elsewhere(here, program=stranger(site, tmp_path), **environment)
    assert (again.stdout, again.stderr) == ("3\n", "")
    assert max(each.stat().st_size for each in (tmp_path / "cache").rglob(f"*.{ending}")) == whole


def test_a_full_disk_keeps_nothing_and_ends_nothing(here, site, tmp_path):
    full = """
from numba.core import caching
def fail(*_):
    raise OSError(28, "No space left on device")
caching.IndexDataCacheFile.save = fail
"""
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    result = elsewhere(here, program=full + stranger(site, tmp_path), **environment)
    assert result.stdout == "3\n"
    assert "compiled code cannot be kept ([Errno 28] No space left on device)" in result.stderr
