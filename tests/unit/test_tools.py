"""The tools of tools/: the layout of the package, the page of commands, releases, and that each says how to run it."""

import ast
import os
import re
import tomllib
from pathlib import Path

import pytest

import lay_out
import make_commands
import make_templates
import release_check
import try_readme
from nca import __version__
from paths import ROOT

RELEASED = (
    *("nca/__init__.py", "CHANGELOG.md", "README.md", "docs/npm.md", "viewer/README.md"),
    *("package.json", "package-lock.json", "pyproject.toml"),
)
TOOLS = sorted((ROOT / "tools").glob("*.py"))


def test_the_layout_is_the_packages_of_the_wheel(tmp_path):
    """So a new folder that pyproject.toml does not name is found here, not by a user of the wheel."""
    lay_out.main(tmp_path / "layout")
    found = {
        ".".join(Path(folder).relative_to(tmp_path / "layout").parts)
        for folder, _, files in os.walk(tmp_path / "layout", followlinks=True)
        if "__init__.py" in files
    }
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert found == set(settings["packages"])
    mapped = {f"nca.{name}": name for name in lay_out.MAPPED}
    assert settings["package-dir"] == mapped


def test_a_second_layout_replaces_the_first(tmp_path):
    layout = tmp_path / "layout"
    lay_out.main(layout)
    (layout / "nca" / "gone.py").touch()
    lay_out.main(layout)
    assert not (layout / "nca" / "gone.py").exists()
    assert (layout / "pyproject.toml").samefile(ROOT / "pyproject.toml")
    assert (layout / "nca" / "export").samefile(ROOT / "export")


def test_the_page_of_commands_is_up_to_date():
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == make_commands.text(), "run make docs"


def test_the_modules_templates_are_those_of_the_shaders():
    assert make_templates.FILE.read_text(encoding="utf-8") == make_templates.text(), "run make templates"


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.stem)
def test_a_tool_says_how_to_run_it(tool):
    assert f"`python tools/{tool.name}" in ast.get_docstring(ast.parse(tool.read_text()))


@pytest.fixture
def release(tmp_path):
    """The texts of a checkout that a release is made from, all in order."""
    for name in RELEASED:
        text = (ROOT / name).read_text().replace("/OWNER/", "/somebody/").replace("is not published yet", "is here")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(re.sub(r"\A(.*?^## \S+) \(.*?\)", r"\1 (2027-01-31)", text, flags=re.M | re.S))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "was", "becomes", "fault"),
    [
        ("package.json", f'"{__version__}"', '"9.9.9"', "package.json has version 9.9.9: expected"),
        ("package-lock.json", f'"{__version__}"', '"9.9.9"', "package-lock.json has version 9.9.9: expected"),
        ("CHANGELOG.md", "(2027-01-31)", "(unreleased)", "(YYYY-MM-DD)"),
        ("README.md", "is here", "is not published yet", "README.md says that the version is not published yet"),
        ("docs/npm.md", "is here", "is not published yet", "docs/npm.md says that the version is not published yet"),
        ("package.json", "/somebody/", "/OWNER/", "package.json names the repository's owner OWNER"),
        ("viewer/README.md", "/somebody/", "/OWNER/", "viewer/README.md names the repository's owner OWNER"),
        ("pyproject.toml", "/somebody/", "/OWNER/", "pyproject.toml names the repository's owner OWNER"),
    ],
)
def test_a_release_with_a_fault_is_refused(release, name, was, becomes, fault):
    assert release_check.faults(release) == []
    (release / name).write_text((release / name).read_text().replace(was, becomes, 1))
    [found] = release_check.faults(release)
    assert fault in found


def test_the_readmes_commands_are_found_with_small_settings():
    names = [command.split()[1] for command in try_readme.commands(left_out=("view",))]
    assert names == ["train", "evaluate", "export", "verify", "render", "sharpen", "export", "export"]
    assert all(try_readme.SMALLER["train"] in each for each in try_readme.commands() if "train" in each)
