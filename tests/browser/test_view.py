"""Several textures in one page: exported, looked at, read back, verified."""

import json
import webbrowser
from pathlib import Path

import pytest

import command
from nca.export.bundle import Bundle
from nca.export.embedded import load_page
from nca.export.formats.page import render_page
from nca.export.gallery import shipped
from nca.export.source import load_source, load_sources
from rules import random_rule

NAMES = ["Moss", "Fern", "Bark"]
BUNDLES = [Bundle.of(random_rule(4, 8, seed), name) for seed, name in enumerate(NAMES)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with three bundles and a cache of its own; `opened` lists what a browser was told to open."""
    for bundle in BUNDLES:
        (tmp_path / f"{bundle.name}.nca.json").write_text(bundle.to_json())
    monkeypatch.chdir(tmp_path)
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "cache"))
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    return opened


def nca(*arguments):
    """Exit code and output."""
    result = command.nca(*arguments)
    return result.exit_code, result.output


def test_several_become_a_gallery_with_posters(here):
    code, said = nca("export", "Moss.nca.json", "Fern.nca.json")
    assert code == 0
    assert "Saved gallery.html" in said
    page = Path("gallery.html").read_text()
    assert "<title>Living textures</title>" in page
    assert page.count('<img src="data:image/webp;base64,') == 2
    assert [bundle.name for bundle in load_page(Path("gallery.html")).values()] == ["Moss", "Fern"]


def test_a_page_of_one_has_its_name_and_a_poster_too(here):
    assert nca("export", "Moss.nca.json")[0] == 0
    page = Path("Moss.html").read_text()
    assert "<title>Moss</title>" in page
    assert page.count('<img src="data:image/webp;base64,') == 1


def test_a_title_names_the_gallery_and_no_texture(here):
    assert nca("export", "Moss.nca.json", "Fern.nca.json", "--title", "Woods", "-o", "woods.html")[0] == 0
    assert "<title>Woods</title>" in Path("woods.html").read_text()
    assert list(load_page(Path("woods.html"))) == ["moss", "fern"]


def test_a_gallerys_textures_can_be_had_one_by_one(here):
    Path("all.html").write_text(render_page(*BUNDLES))
    assert load_source(Path("all.html")).name == "Moss"
    assert load_source(Path("all.html#bark")).rule.fingerprint == BUNDLES[2].rule.fingerprint
    assert list(load_sources(Path("all.html"))) == ["moss", "fern", "bark"]
    assert nca("export", "all.html#fern", "-o", "fern.nca.json")[0] == 0
    assert json.loads(Path("fern.nca.json").read_text())["name"] == "Fern"
    code, said = nca("info", "all.html#oak")
    assert code == 1
    assert said == "Error: all.html: no texture oak in it, expected one of moss, fern, bark\n"


def test_a_gallery_joins_with_others(here):
    Path("two.html").write_text(render_page(*BUNDLES[:2]))
    assert nca("export", "two.html", "Bark.nca.json", "-o", "all.html")[0] == 0
    assert list(load_page(Path("all.html"))) == ["moss", "fern", "bark"]


def test_a_file_with_a_hash_in_its_name_is_a_file(here):
    Path("a#b.nca.json").write_text(BUNDLES[0].to_json())
    assert load_source(Path("a#b.nca.json")).name == "Moss"


def test_verifying_a_gallery_compares_each_texture(here, browser):
    from nca.export.check.verify import target, verify

    Path("all.html").write_text(render_page(*BUNDLES[:2]))
    with target(Path("all.html")) as (page, textures):
        assert list(textures) == ["moss", "fern"]
        for address, texture in textures.items():
            report = verify(browser, page, texture.rule, steps=(1, 20), width=16, height=12, address=address)
            assert report.differing == 0
        wrong = verify(browser, page, textures["moss"].rule, steps=(20,), width=16, height=12, address="fern")
        assert wrong.differing > 0
    with target(Path("all.html#fern")) as (page, textures):
        assert (page, list(textures)) == (Path("all.html"), ["fern"])


def test_view_shows_what_is_named_and_makes_it_once(here):
    code, said = nca("view", "Moss.nca.json", "Fern.nca.json")
    assert code == 0
    page = Path(said.strip())
    assert page.is_relative_to(Path("cache").resolve())
    assert here == [page.as_uri()]
    assert list(load_page(page)) == ["moss", "fern"]
    made = page.stat().st_mtime_ns
    assert nca("view", "Moss.nca.json", "Fern.nca.json") == (code, said)
    assert page.stat().st_mtime_ns == made
    assert nca("view", "Bark.nca.json", "--no-open")[1] != said
    assert len(here) == 2


def test_view_of_a_page_opens_that(here):
    Path("page.html").write_text(render_page(BUNDLES[0]))
    assert nca("view", "page.html") == (0, "page.html\n")
    assert here == [Path("page.html").resolve().as_uri()]


def test_view_writes_where_it_is_told_and_replaces_nothing(here):
    assert nca("view", "Moss.nca.json", "-o", "moss.html", "--no-open") == (0, "moss.html\n")
    assert here == []
    code, said = nca("view", "Fern.nca.json", "-o", "moss.html")
    assert code == 1
    assert "moss.html exists already" in said
    assert nca("view", "Fern.nca.json", "-o", "moss.html", "--force")[0] == 0
    assert list(load_page(Path("moss.html"))) == ["fern"]


def test_view_says_where_no_browser_is(here, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    assert nca("view", "Moss.nca.json")[1].startswith("No browser found")


def test_view_alone_shows_what_ships(here):
    code, said = nca("view", "--no-open")
    assert code == 0
    textures = load_page(Path(said.strip()))
    assert [bundle.name for bundle in textures.values()] == [bundle.name for bundle in shipped()]
    assert textures
