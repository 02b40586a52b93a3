"""The wheel, built, installed away from the source tree and used; and the names that modules promise."""

import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes

import pytest
from packaging.requirements import Requirement

import nca
from paths import ROOT

SOURCES = ("nca", "export", "shaders", "viewer", "pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE")
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
def sources(tmp_path_factory):
    """A copy, so that nothing lands in the source tree and nothing stale in the wheel."""
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(sources):
    run("-m", "build", "--wheel", "--no-isolation", sources, cwd=sources)
    return next(sources.glob("dist/*.whl"))


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


def test_the_page_on_pypi_has_no_relative_links(wheel):
    with zipfile.ZipFile(wheel) as archive:
        [name] = (each for each in archive.namelist() if each.endswith("/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    page, home = metadata.get_payload(), dict(each.split(", ") for each in metadata.get_all("Project-URL"))["Homepage"]
    links = re.findall(r"(!?)\[[^\]]*\]\(([^)]+)\)", page)
    assert [address for _, address in links if not address.startswith("https://")] == []
    ours = [address.removeprefix(f"{home}/").split(f"/v{nca.__version__}/") for _, address in links if home in address]
    assert {kind for kind, _ in ours} == {"blob", "raw"}
    assert [path for _, path in ours if not (ROOT / path.partition("#")[0]).exists()] == []
    assert metadata["Description-Content-Type"] == "text/markdown"


def test_the_wheel_out_of_the_sdist_holds_the_same(wheel, sources, tmp_path):
    run("-m", "build", "--no-isolation", "--outdir", tmp_path, sources, cwd=sources)  # the sdist, then its wheel
    [other] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(other) as theirs:
        assert {each.filename: each.CRC for each in ours.infolist()} == {
            each.filename: each.CRC for each in theirs.infolist()
        }


def test_the_wheel_holds_every_source_file(wheel):
    sources = {path.relative_to(ROOT) for name in ("nca", "export", "shaders", "viewer") for path in files(ROOT / name)}
    packaged = {path.as_posix() if path.parts[0] == "nca" else f"nca/{path.as_posix()}" for path in sources}
    missing = {path for path in packaged - contents(wheel) if not path.startswith("nca/viewer/site/")}  # the site's own
    assert missing == {"nca/viewer/tsconfig.json", "nca/viewer/README.md"}  # for the type checker, and for npm
    assert {
        "nca/py.typed",
        "nca/shaders/step.frag.j2",
        "nca/viewer/runtime/nca.js",
        "nca/viewer/templates/page.html.j2",
    } <= packaged


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
from nca.export.formats.page import render_page

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
    assert f"{'parameters':26} 84" in output


def test_the_installed_command_starts(installed, tmp_path):
    (tmp_path / "start.py").write_text("from nca.cli import main\nmain(prog_name='nca')\n")
    entry_points = next(installed.glob("*.dist-info")) / "entry_points.txt"
    assert {"nca = nca.cli:main", "nca-texture = nca.cli:main"} <= set(entry_points.read_text().splitlines())
    output = run(tmp_path / "start.py", "--version", cwd=tmp_path, env={"PYTHONPATH": str(installed)})
    assert output == f"nca, version {nca.__version__}\n"


LINUX = {"sys_platform": "linux", "platform_machine": "x86_64", "implementation_name": "cpython"}


@pytest.mark.parametrize(
    ("machine", "brings"),
    [
        ({}, True),
        ({"platform_machine": "aarch64"}, True),
        ({"platform_machine": "riscv64"}, False),
        ({"sys_platform": "darwin", "platform_machine": "arm64"}, True),
        ({"sys_platform": "darwin"}, False),  # Intel
        ({"sys_platform": "win32", "platform_machine": "AMD64"}, True),
        ({"sys_platform": "win32", "platform_machine": "ARM64"}, False),
        ({"implementation_name": "pypy"}, False),
    ],
)
def test_numba_comes_where_it_has_wheels(machine, brings):
    """Elsewhere pip would build LLVM, and fail."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    [numba] = [each for each in map(Requirement, named) if each.name == "numba"]
    assert numba.marker.evaluate(LINUX | machine) is brings


@pytest.mark.parametrize("name", MODULES)
def test_a_module_promises_what_it_has_and_hides_the_rest(name):
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert not str(error.name).startswith("nca"), error
        pytest.skip(f"{error.name} is not installed")
    promised = getattr(module, "__all__", [])
    assert [each for each in promised if not hasattr(module, each)] == []
    own = {key for key, value in vars(module).items() if getattr(value, "__module__", None) == name and callable(value)}
    assert {each for each in own if not each.startswith("_")} <= set(promised)
    assert module.__doc__
