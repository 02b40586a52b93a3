"""The documentation names only what exists: links, anchors, pictures, scripts and source files."""

import re
from pathlib import Path

import pytest
from PIL import Image

import make_api
import nca

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for folder in (".", "docs", "benchmarks") for page in (ROOT / folder).glob("*.md"))
FOLDERS = "nca|export|shaders|viewer|tests|tools|benchmarks|examples|docs"


def prose(page):
    """The text of a page without its blocks of code, where a heading or a link means nothing."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    """The anchors that GitHub makes of headings: small letters, digits, hyphens and underscores."""
    headings = re.findall(r"^#+ (.*)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page):
    """Relative links and pictures of a page whose file or heading does not exist."""
    targets = ["".join(found) for found in re.findall(r'\]\(([^)\s]+)\)|src="([^"]+)"', prose(page))]
    return [target for target in targets if ":" not in target and not resolves(page, *target.partition("#")[::2])]


def resolves(page, name, anchor):
    file = page.parent / name if name else page
    return file.exists() and (not anchor or anchor in anchors(file))


def missing_files(page):
    """The scripts and source files that a page names and that do not exist. NAME is a placeholder."""
    text = page.read_text()
    named = re.findall(r"\bpython (\S+\.py)\b", text) + re.findall(rf"`((?:{FOLDERS})/[\w/.]+\.\w+)`", text)
    return [name for name in named if "NAME" not in name and not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_all_that_a_page_names_exists(page):
    assert broken_links(page) == []
    assert missing_files(page) == []


def test_a_wrong_name_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# The page\n[here](#the-page) [there](#nowhere) [file](none.md) [site](https://example.org) ![a](none.png)\n"
        '<img src="none.webp">\n```\n[code](none.js)\npython tools/none.py\n```\n`nca/none.py` `nca/run.py`\n'
    )
    assert broken_links(page) == ["#nowhere", "none.md", "none.png", "none.webp"]
    assert missing_files(page) == ["tools/none.py", "nca/none.py"]


def test_each_test_that_the_security_page_names_exists():
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text()))
    found = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *def (test_\w+)", file.read_text(), re.M)
    }
    assert named
    assert named - found == set()


# The blocks of Python

TINY = {"channels": 4, "hidden": 8, "size": 16, "field": 16, "steps": 3, "detail": 1}
QUICKER = {
    "api.train.AUTO": "multiscale",
    "api.evaluate.SHORT": (16, (20,)),
    "callbacks.stability.AGES": (20,),
    "evaluation.stability.HEALING": range(8, 9, 8),
    "training.config.PRESETS": {"small": TINY, "tiny": TINY},
}


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)


def in_turn(group, jobs):
    """Pictures train in this process: one for each would import torch anew."""
    for job in jobs:
        settings = dict(option.removeprefix("--").split("=") for option in job.options if "=" in option)
        nca.train(job.picture, job.folder, preset=settings["preset"])
    return []


@pytest.mark.parametrize("page", ["docs/python.md", "docs/quickstart.md", "README.md"])
def test_the_blocks_of_python_run_one_after_another(page, tmp_path, monkeypatch):
    """With small settings, and short checks."""
    for name in ("bricks", "moss", "sand"):
        Image.open(ROOT / "examples" / "lava.png").convert("RGB").crop((0, 0, 32, 32)).save(tmp_path / f"{name}.jpg")
    for place, value in QUICKER.items():
        monkeypatch.setattr(f"nca.{place}", value)
    monkeypatch.setattr("nca.jobs.group.Group.run", in_turn)
    monkeypatch.chdir(tmp_path)
    names = {}
    assert blocks(page)
    for block in blocks(page):
        short = block.replace("steps=3000", "steps=4")
        exec(compile(short, page, "exec"), names)  # noqa: S102 - our own documentation


def test_the_page_of_the_api_is_that_of_the_docstrings():
    assert (ROOT / "docs" / "api.md").read_text() == make_api.text(), "docs/api.md is stale: make docs"


def test_the_site_has_each_page():
    listed = re.findall(r"\b\w+\.md\b", (ROOT / "mkdocs.yml").read_text())
    pages = [page.name for page in (ROOT / "docs").glob("*.md")]
    assert sorted(listed) == sorted([*pages, "CHANGELOG.md", "CONTRIBUTING.md"])


def test_the_page_of_the_api_names_all_of_it():
    page = (ROOT / "docs" / "python.md").read_text()
    assert [name for name in nca.__all__ if f"`{name}`" not in page and not name.startswith("__")] == []
