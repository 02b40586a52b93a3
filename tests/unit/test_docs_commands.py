"""The documentation's `sh` blocks: `nca` runs with small settings; of other programs, what they name exists."""

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

from command import done, nca, nca_in_thread
from documents import PAGES, blocks
from nca.cli import main
from nca.export.bundle import load_bundle
from notebooks import models_json
from paths import EXAMPLES, LAVA, ROOT
from quicker import make_quicker

PICTURES = ("bark.png", "bricks.jpg", "lava.png", "moss.jpg", "moss.png", "sand.png")
PLACEHOLDERS = {"SOURCE": "runs/moss", "FORMAT": "embed"}
SMALLER = {
    "render": ["--size", "16"],
    "verify": ["--steps", "1", "--size", "16", "--if-found"],
    "view": ["--no-open"],
}
# `nca` with one of these options is not run.
ELSEWHERE = {
    "--scheduler": "needs a Dask cluster: test_cluster.py has one",
    "--live": "serves a page: test_live.py",
    "--log-to": "needs packages of others: test_tracker_packages.py",
}
# These programs are not run, and the test knows nothing of their arguments.
FOREIGN = {
    "apt-get": "installs",
    "playwright": "installs",
    "cd": "enters a checkout",
    "git": "needs an address, or publishes",
    "rsync": "publishes",
    "dask": "needs other machines",
    "ssh": "needs another machine",
    "godot": "is a program that few machines have: test_godot.py runs it there",
}


def commands(page):
    """The line of the page and the words of each command."""
    for block in blocks(page, "sh"):
        for number, line in enumerate(block.text.splitlines(), block.line + 1):
            for command in line.partition(" #")[0].split("&&"):
                yield number, shlex.split(command)


WITH_COMMANDS = [page for page in PAGES if blocks(page, "sh")]
SLOW = {"docs/import.md", "docs/training.md"}  # other tests run what these commands do

# nca


@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_the_commands_of_nca_are_right_usage(page):
    for _, words in commands(page):
        if words[0] == "nca":
            parse([PLACEHOLDERS.get(word, word) for word in words[1:]])


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    """A folder with all that the commands of the pages read, and that no earlier command of the page writes."""
    folder = tmp_path_factory.mktemp("stocked")
    with Image.open(EXAMPLES / "lava.png") as lava:
        for name in PICTURES:
            lava.convert("RGB").crop((0, 0, 64, 64)).save(folder / name)
        lava.convert("RGB").resize((512, 512)).save(folder / "lava_512.png")
    (folder / "examples").mkdir()
    for path in (LAVA, EXAMPLES / "features.py"):
        shutil.copy(path, folder / "examples")
    [callback] = (block.text for block in blocks("docs/training.md", "python") if "StopWhenGood" in block.text)
    (folder / "mine.py").write_text(callback)
    (folder / "models.json").write_text(eight_bit_models("bubbly_0101", "chequered_0121"))
    with pytest.MonkeyPatch.context() as patched:
        make_quicker(patched)
        for name in ("bricks", "moss"):
            done("train", folder / f"{name}.jpg", "-o", folder / "runs" / name)
            done("export", folder / "runs" / name, "-o", folder / f"{name}.nca.json")
    done("export", folder / "bricks.nca.json", "-o", folder / "bricks.pt")
    (folder / "bricks.pt").rename(folder / "bricks.pth")
    return folder


def eight_bit_models(*names):
    random = np.random.default_rng(0)
    first, second = random.integers(100, 155, (2, 17, 8)), random.integers(124, 131, (2, 9, 4))
    return models_json(names, first.astype(np.uint8), second.astype(np.uint8))


@pytest.fixture
def here(stocked, ffmpeg, tmp_path, monkeypatch):
    """A copy of the folder, and quick commands in it."""
    make_quicker(monkeypatch)
    monkeypatch.setattr("nca.api.view.shipped", lambda: [load_bundle(LAVA)])  # one poster in place of thirty
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(stocked, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.rare] * (page in SLOW)) for page in WITH_COMMANDS]
)
def test_the_commands_of_nca_run_one_after_another(here, page):
    for number, words in commands(page):
        if words[0] == "nca":
            arguments = [path for word in words[1:] for path in expanded(PLACEHOLDERS.get(word, word))]
            try:
                run(arguments)
            except Exception as error:
                raise AssertionError(f"{page}:{number}: {shlex.join(words)}") from error


def expanded(word):
    """As a shell does it."""
    return [path.as_posix() for path in sorted(Path().glob(word))] if "*" in word else [word]


def run(arguments):
    name = arguments[0]
    if not ELSEWHERE.keys() & set(arguments):
        clear(arguments)
        result = (nca_in_thread if name == "verify" else nca)(*arguments, *SMALLER.get(name, []))
        assert result.exit_code == 0, result.output


def parse(arguments):
    """Wrong usage is raised.

    A command keeps the first help option that it makes (click 8.1.8): it has the names of the command line's here, too.
    """
    name, *options = arguments
    main.commands[name].make_context(name, options, **main.context_settings)


def clear(arguments):
    """The reader of a command has no older output, except for what it replaces, and what it resumes in part."""
    if "-o" in arguments and "--force" not in arguments:
        output = Path(arguments[arguments.index("-o") + 1])
        if "--resume" in arguments:
            output /= "sand"  # its training never began
        shutil.rmtree(output) if output.is_dir() else output.unlink(missing_ok=True)


# Other programs


@pytest.mark.parametrize("page", WITH_COMMANDS)
def test_what_other_programs_are_told_exists(page):
    for number, (program, *arguments) in commands(page):
        name = Path(program).name
        if name not in FOREIGN and name != "nca":
            missing = CHECKS[name](arguments)
            assert missing == [], f"{page}:{number}: {name} {shlex.join(arguments)}"


def targets(names):
    made = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    return [name for name in names if name not in made]


def extras(arguments):
    """Of our package, those that pyproject.toml lacks."""
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    ours = [each for each in arguments if each.startswith((".", "nca-texture"))]
    named = [extra for each in ours for extra in Requirement(each.replace(".", "nca-texture", 1)).extras]
    return [extra for extra in named if extra not in known]


def script(arguments):
    """A script of ours with options that its text names, or pytest with marks that we have."""
    file, *options = arguments
    if file == "-m":
        return marks(options) if options[0] == "pytest" else []
    if not (ROOT / file).exists():
        return [file]
    text = (ROOT / file).read_text()
    return [option for option in options if option.startswith("--") and f'"{option}"' not in text]


def marks(arguments):
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    named = arguments[arguments.index("-m") + 1].split()
    return [mark for mark in named if mark != "not" and not any(each.startswith(f"{mark}:") for each in known)]


def of_nca(arguments):
    """`-m nca` in a launcher of processes."""
    parse(arguments[arguments.index("nca") + 1 :])
    return []


def folder_of_npm(arguments):
    """npm's own packages, or those that a release made."""
    folders = arguments[arguments.index("--prefix") + 1 :] if "--prefix" in arguments else ["."]
    return [folder for folder in folders if not (ROOT / folder / "package.json").exists()]


def developers_tools(name):
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    return lambda _: [] if name in {Requirement(each).name for each in named} else [name]


CHECKS = {
    "make": targets,
    "pip": extras,
    "python": script,
    "python3": script,
    "torchrun": of_nca,
    "accelerate": of_nca,
    "npm": folder_of_npm,
    "pre-commit": developers_tools("pre-commit"),
    "twine": developers_tools("twine"),
}


def test_a_wrong_name_is_found():
    assert targets(["test", "tset"]) == ["tset"]
    assert extras([".[dev,fast]", "nca-texture[heif,jpeg]", "torch"]) == ["fast", "jpeg"]
    assert script(["benchmarks/train.py", "--quick", "--quik"]) == ["--quik"]
    assert script(["benchmarks/none.py"]) == ["benchmarks/none.py"]
    assert script(["-m", "pytest", "-m", "not render"]) == ["render"]
