"""A page of several textures: choosing, adding, the address that leads to each."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from nca.export.bundle import Bundle
from nca.export.formats.page import render_page
from nca.rule.reference import reference_rollout, seed_state
from pages import PHONE, Fingers, open_panel, wait
from rules import random_rule
from textures import ask, state

NAMES = ["Moss", "Fern", "Bark"]
BUNDLES = [Bundle.of(random_rule(4, 8, seed), name) for seed, name in enumerate(NAMES)]
DROP = """([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  dispatchEvent(new DragEvent("drop", { dataTransfer: data, cancelable: true }));
}"""


@pytest.fixture
def gallery(open_page):
    return open_page(BUNDLES, "#paused&size=16x12")


def shown(tab):
    return ask(tab, "nca.bundle.name")


def wait_for(tab, name):
    wait(tab, f"nca.bundle.name == '{name}'")
    assert tab.locator("h1").inner_text() == name


def test_cards_tell_name_bytes_and_which_is_shown(gallery):
    open_panel(gallery, "textures")
    cards = gallery.locator("#textures li a")
    assert [card.inner_text().split("\n") for card in cards.all()] == [[name, "204 bytes"] for name in NAMES]
    assert cards.nth(0).get_attribute("aria-current") == "true"
    assert cards.nth(1).get_attribute("aria-current") == "false"
    assert gallery.locator("#facts").inner_text() == "168 parameters, 204 bytes"


def test_a_click_chooses_and_keeps_grid_and_seed(open_page):
    tab = open_page(BUNDLES, "#paused&size=16x12&seed=7")
    open_panel(tab, "textures")
    tab.get_by_role("link", name="Fern").click()
    wait_for(tab, "Fern")
    assert ask(tab, "[nca.width, nca.height, nca.seed, nca.stepCount]") == [16, 12, 7, 0]
    assert tab.evaluate("location.hash") == "#fern&seed=7&size=16x12"


@pytest.mark.parametrize(("keys", "name"), [("n", "Fern"), ("nn", "Bark"), ("nnn", "Moss"), ("p", "Bark")])
def test_keys_turn_and_go_round(gallery, keys, name):
    for key in keys:
        before = shown(gallery)
        gallery.keyboard.press(key)
        wait(gallery, f"nca.bundle.name != '{before}'")
    wait_for(gallery, name)


def test_buttons_turn(gallery):
    gallery.get_by_role("button", name="Next texture").click()
    wait_for(gallery, "Fern")
    gallery.get_by_role("button", name="Previous texture").click()
    wait_for(gallery, "Moss")


def test_a_swipe_over_the_name_turns(open_page):
    tab = open_page(BUNDLES, "#paused&size=16x12", **PHONE)
    fingers = Fingers(tab)
    for start, end, name in [(250, 130, "Fern"), (130, 250, "Moss"), (200, 210, "Moss")]:
        fingers.down((start, 40))
        fingers.move((end, 42))
        fingers.up()
        wait_for(tab, name)


def test_a_deep_link_opens_one_and_a_change_of_the_address_another(open_page):
    tab = open_page(BUNDLES, "#bark&seed=7&size=20x10&paused")
    assert ask(tab, "[nca.bundle.name, nca.seed, nca.width, nca.height]") == ["Bark", 7, 20, 10]
    tab.evaluate("location.hash = '#fern&size=9x9'")
    wait_for(tab, "Fern")
    assert ask(tab, "[nca.seed, nca.width]") == [0, 9]
    tab.evaluate("history.back()")
    wait_for(tab, "Bark")


def test_a_size_that_the_device_cannot_have_leaves_what_is_shown(gallery):
    ask(gallery, "nca.gl.getParameter = () => 8, null")
    gallery.evaluate("location.hash = '#fern&size=9x9'")
    gallery.wait_for_function("() => document.querySelector('#hint').textContent.includes('expected 1 to')")
    ask(gallery, "nca.step()")
    assert shown(gallery) == "Moss"


def test_one_context_serves_all(gallery):
    ask(gallery, "window.context = nca.gl, null")
    for name in ("Fern", "Bark", "Moss"):
        gallery.keyboard.press("n")
        wait_for(gallery, name)
    assert ask(gallery, "nca.gl == context && !context.isContextLost()")
    ask(gallery, "nca.step(60)")
    expected = reference_rollout(BUNDLES[0].rule, seed_state(BUNDLES[0].rule, 12, 16), 60, seed=0)
    assert np.array_equal(state(gallery), expected.numpy())


def test_texts_are_parsed_only_when_they_are_wanted(open_page):
    count = """
        window.parsed = 0;
        const { parse } = JSON;
        JSON.parse = (...values) => (parsed++, parse(...values));
    """
    tab = open_page(BUNDLES, "#paused&size=8x8", prepare=lambda tab: tab.add_init_script(count))
    assert tab.evaluate("parsed") == 1
    tab.keyboard.press("n")
    wait_for(tab, "Fern")
    assert tab.evaluate("parsed") == 2


def test_playing_goes_on_in_the_next_one(open_page):
    tab = open_page(BUNDLES, "#size=8x8")
    tab.keyboard.press("n")
    wait(tab, "nca.bundle.name == 'Fern' && nca.stepCount > 5")


def test_one_texture_alone_has_no_next(open_page):
    tab = open_page(BUNDLES[0], "#paused&size=8x8")
    assert tab.get_by_role("button", name="Next texture").count() == 0
    tab.keyboard.press("n")
    assert shown(tab) == "Moss"


def test_a_dropped_bundle_joins_and_runs(gallery):
    dropped = Bundle.of(random_rule(8, 12, 5), "Łichen <b>")
    gallery.evaluate(DROP, ["lichen.nca.json", dropped.to_json()])
    wait_for(gallery, "Łichen <b>")
    assert gallery.locator("#textures li").count() == 4
    ask(gallery, "nca.step(50)")
    expected = reference_rollout(dropped.rule, seed_state(dropped.rule, 12, 16), 50, seed=0)
    assert np.array_equal(state(gallery), expected.numpy())


def test_a_dropped_texture_leaves_a_poster_behind(gallery):
    gallery.evaluate(DROP, ["bark.nca.json", BUNDLES[2].to_json()])
    wait_for(gallery, "Bark")
    assert gallery.evaluate("location.hash").startswith("#bark-2&")
    ask(gallery, "nca.step(120)")
    gallery.keyboard.press("n")
    wait_for(gallery, "Moss")
    assert gallery.locator("#textures li:nth-child(4) img").get_attribute("src").startswith("data:image/png;base64,")


def test_a_bundle_is_chosen_from_disk_too(gallery, tmp_path):
    path = tmp_path / "lichen.nca.json"
    path.write_text(Bundle.of(random_rule(4, 4, 5), "Lichen").to_json())
    open_panel(gallery, "textures")
    gallery.locator("[type=file]").set_input_files(path)
    wait_for(gallery, "Lichen")


def broken(**changes):
    return json.dumps(json.loads(BUNDLES[0].to_json()) | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "x.json: not JSON, expected a .nca.json bundle or a session"),
        ("null", "x.json: format is undefined, expected nca-fixed-1, nca-fixed-2 or nca-session-1"),
        (broken(format="nca-fixed-3"), "x.json: format is nca-fixed-3, expected nca-fixed-1, nca-fixed-2 or"),
        (broken(channels=5), "x.json: channels is 5, expected one of (4, 8, 12, 16)"),
        (broken(shader="x"), 'x.json: unknown "shader" in its bundle, expected format, name'),
        (broken(weights={}), "x.json: no w1, b1, k1, w2, k2 in its weights, expected w1, b1, k1, w2, k2"),
    ],
)  # fmt: skip
def test_a_broken_one_is_explained_and_changes_nothing(gallery, text, message):
    gallery.evaluate(DROP, ["x.json", text])
    gallery.wait_for_function("() => document.querySelector('#hint').textContent.includes('x.json')")
    assert gallery.locator("#hint").inner_text().startswith(message)
    assert "\n" not in gallery.locator("#hint").inner_text()
    assert gallery.locator("#textures li").count() == 3
    ask(gallery, "nca.step()")
    assert shown(gallery) == "Moss"


def test_the_shaders_of_a_dropped_bundle_never_run(gallery):
    text = broken(name="Mutant", shaders=dict.fromkeys(BUNDLES[0].shaders, "nonsense"))
    gallery.evaluate(DROP, ["x.json", text])
    wait_for(gallery, "Mutant")
    ask(gallery, "nca.step(50)")
    expected = reference_rollout(BUNDLES[0].rule, seed_state(BUNDLES[0].rule, 12, 16), 50, seed=0)
    assert np.array_equal(state(gallery), expected.numpy())


def test_a_dropped_texture_takes_no_settings_address(gallery):
    gallery.evaluate(DROP, ["x.json", replace(BUNDLES[1], name="Seed").to_json()])
    wait_for(gallery, "Seed")
    assert gallery.evaluate("location.hash") == "#seed-2&size=16x12"


def test_equal_and_strange_names_get_addresses_of_their_own(open_page):
    names = ["Seed", "moss", "Moss", "", "苔", "Paused"]
    tab = open_page([replace(BUNDLES[0], name=name) for name in names], "#moss-2&paused&size=8x8")
    links = [card.get_attribute("href") for card in tab.locator("#textures li a").all()]
    assert links == ["#seed-2", "#moss", "#moss-2", "#texture", "#texture-2", "#paused-2"]
    assert shown(tab) == "Moss"


def test_posters_are_shown_in_cards(open_page):
    from nca.export.pictures.snapshots import posters

    tab = open_page(BUNDLES[:2], "#paused&size=8x8", render=lambda *all: render_page(*all, posters=posters(all)))
    open_panel(tab, "textures")
    sizes = "[...document.images].map((image) => [image.naturalWidth, image.loading, image.alt])"
    tab.wait_for_function("() => [...document.images].every((image) => image.complete)")
    assert tab.evaluate(sizes) == [[96, "lazy", ""]] * 2
    assert tab.complaints == []


def test_the_viewers_code_stays_small():
    """All of a page but its textures, gzipped."""
    page = render_page(*BUNDLES)
    for bundle in BUNDLES:
        start = page.index('<script type="application/json">')
        end = page.index("</script>", start) + len("</script>")
        assert bundle.rule.fingerprint in page[start:end]
        page = page[:start] + page[end:]
    assert len(gzip.compress(page.encode(), 9)) <= 27_200
