"""The documentation names only what exists: links, anchors, pictures, scripts and source files."""

import re

import pytest

import make_api
import nca
from documents import PAGES, blocks
from paths import ROOT

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


@pytest.mark.parametrize("page", PAGES)
def test_all_that_a_page_names_exists(page):
    assert broken_links(ROOT / page) == []
    assert missing_files(ROOT / page) == []


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


# Which file of tests runs the blocks of code of a language.
RUN_BY = {
    "sh": "unit/test_docs_commands.py",
    "python": "unit/test_docs_python.py",
    "pycon": "unit/test_api.py",
    "html": "browser/test_docs_pages.py",
    "js": "browser/test_docs_pages.py",
    "ts": "browser/test_javascript.py",
    "jsx": "formats/test_bundlers.py",
    "tsx": "formats/test_bundlers.py",
    "c": "formats/test_glsl.py",
    "text": "what a program prints, and formulas: the code that they describe has tests of its own",
    "gdscript": "a line for a scene of the reader's in Godot, which few machines have",
}


def test_each_block_has_a_language_and_a_test():
    assert {block.language for page in PAGES for block in blocks(page)} == RUN_BY.keys()
    assert [file for file in RUN_BY.values() if file.endswith(".py") and not (ROOT / "tests" / file).exists()] == []


def test_the_page_of_the_api_is_that_of_the_docstrings():
    assert (ROOT / "docs" / "api.md").read_text() == make_api.text(), "docs/api.md is stale: make docs"


def test_the_site_has_each_page():
    listed = re.findall(r"\b\w+\.md\b", (ROOT / "mkdocs.yml").read_text())
    pages = [page.name for page in (ROOT / "docs").glob("*.md")]
    assert sorted(listed) == sorted([*pages, "CHANGELOG.md", "CONTRIBUTING.md"])


def test_the_page_of_the_api_names_all_of_it():
    page = (ROOT / "docs" / "python.md").read_text()
    assert [name for name in nca.__all__ if f"`{name}`" not in page and not name.startswith("__")] == []
