"""The wheel, built, installed away from the source tree and used; and the names that modules promise."""

import importlib
import pkgutil
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import nca

ROOT = Path(__file__).parent.parent
SOURCES = ("nca", "export", "shaders", "viewer", "pyproject.toml", "README.md", "LICENSE")
MODULES = [
    "nca",
    *(module.name for module in pkgutil.walk_packages(nca.__path__, "nca.") if "__main__" not in module.name),
]


def run(*command, **options):
    result = subprocess.run(
        [sys.executable, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        **options,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that nothing lands in the source tree and nothing stale in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    run("-m", "build", "--wheel", "--no-isolation", folder, cwd=folder)
    return next(folder.glob("dist/*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with the wheel's content, as pip puts it."""
    folder = tmp_path_factory.mktemp("site-packages")
    run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile", "--target", folder, wheel)
    return folder


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_nca_alone(wheel):
    names = contents(wheel)
    top = {name.split("/")[0] for name in names}
    assert top == {"nca", f"nca_texture-{nca.__version__}.dist-info"}
    assert not [name for name in names if "test" in name]


def test_the_wheel_holds_every_source_file(wheel):
    sources = {path.relative_to(ROOT) for name in ("nca", "export", "shaders", "viewer") for path in files(ROOT / name)}
    packaged = {path.as_posix() if path.parts[0] == "nca" else f"nca/{path.as_posix()}" for path in sources}
    assert packaged - contents(wheel) == {"nca/viewer/tsconfig.json"}  # for the type checker alone
    assert {"nca/py.typed", "nca/shaders/step.frag.j2", "nca/viewer/nca.js", "nca/viewer/page.html.j2"} <= packaged


def files(folder):
    """All but the links from nca/ to the other folders, and what Python leaves behind."""
    for path in folder.iterdir():
        if path.is_file():
            yield path
        elif path.is_dir() and not path.is_symlink() and path.name != "__pycache__":
            yield from files(path)


def test_the_installed_package_works_away_from_its_sources(installed, tmp_path):
    code = """
import sys
from pathlib import Path
import numpy as np
import nca, nca.shaders, nca.viewer
from nca.export.bundle import Bundle
from nca.export.html import render_page

for module in (nca, nca.shaders, nca.viewer, sys.modules["nca.export"]):
    assert Path(module.__file__).is_relative_to(sys.argv[1])
weights = np.ones((4, 16), dtype=int)
rule = nca.Rule(weights, weights[:, 0], weights[:, 0], weights[:, :4], weights[:, 0])
Path("page.html").write_text(render_page(Bundle.of(rule, "Moss")))
"""
    environment = {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    run("-P", "-c", code, installed, cwd=tmp_path, env=environment)
    assert "<title>Moss" in (tmp_path / "page.html").read_text()
    output = run("-m", "nca", "info", "page.html", cwd=tmp_path, env=environment)
    assert "parameters               84" in output


def test_the_installed_command_starts(installed, tmp_path):
    (tmp_path / "start.py").write_text("from nca.cli import main\nmain(prog_name='nca')\n")
    entry_points = next(installed.glob("*.dist-info")) / "entry_points.txt"
    assert "nca = nca.cli:main" in entry_points.read_text()
    output = run(tmp_path / "start.py", "--version", cwd=tmp_path, env={"PYTHONPATH": str(installed)})
    assert output == f"nca, version {nca.__version__}\n"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_promises_what_it_has_and_hides_the_rest(name):
    module = importlib.import_module(name)
    promised = getattr(module, "__all__", [])
    assert [each for each in promised if not hasattr(module, each)] == []
    own = {key for key, value in vars(module).items() if getattr(value, "__module__", None) == name and callable(value)}
    assert {each for each in own if not each.startswith("_")} <= set(promised)
    assert module.__doc__
