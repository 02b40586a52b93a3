"""The bundle file and the page as a file: what comes back, and what is refused with one clear line."""

import base64
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decoders import decoders, heaviest_decoder, random_decoder
from nca import UserError
from nca.export.bundle import Bundle, load_bundle
from nca.export.embedded import embed_shaders, load_page
from nca.export.formats.page import render_page
from nca.export.js.modules import join_modules
from nca.export.shaders import DECODE, PASSES, render
from rules import random_rule
from scripts import call, canonical_glsl
from strategies import rules

BUNDLE = Bundle.of(random_rule(4, 8), "Moss", {"image": "moss.png", "steps": 3000})
HEAVIEST = heaviest_decoder(4, 8, 2)  # each row at the bound
DECODED = Bundle.of(BUNDLE.rule, "Moss", decoder=random_decoder(4, 8, 2))


def same(a, b):
    names = ("w1", "b1", "k1", "w2", "k2")
    return a.update == b.update and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


@given(rules(), st.text())
def test_json_and_back(rule, name):
    name = name.encode(errors="ignore").decode()
    bundle = Bundle.of(rule, name, {"seed": 1})
    again = Bundle.from_json(bundle.to_json())
    assert same(again.rule, rule)
    assert (again.name, again.shaders, again.provenance) == (name, bundle.shaders, {"seed": 1})
    assert again.to_json() == bundle.to_json()


@given(rules(), st.data())
def test_a_decoder_comes_back_too(rule, data):
    decoder = data.draw(decoders(rule.channels))
    bundle = Bundle.of(rule, "Moss", decoder=decoder)
    assert bundle.format == "nca-fixed-2"
    again = Bundle.from_json(bundle.to_json())
    assert (again.decoder.fingerprint, again.decoder.detail) == (decoder.fingerprint, decoder.detail)
    assert again.to_json() == bundle.to_json()


def test_file_describes_itself():
    fields = json.loads(BUNDLE.to_json())
    assert list(fields) == ["format", "name", "channels", "hidden", "update", "weights", "provenance"]
    assert [fields[key] for key in ("format", "name", "channels", "hidden", "update")] == [
        "nca-fixed-1", "Moss", 4, 8, 128,
    ]  # fmt: skip
    assert list(fields["weights"]) == ["w1", "b1", "k1", "w2", "k2"]
    w1 = np.frombuffer(base64.b64decode(fields["weights"]["w1"]), np.int8).reshape(8, 16)
    b1 = np.frombuffer(base64.b64decode(fields["weights"]["b1"]), "<i4")
    assert np.array_equal(w1, BUNDLE.rule.w1)
    assert np.array_equal(b1, BUNDLE.rule.b1)


def damaged(change):
    fields = json.loads(BUNDLE.to_json())
    change(fields)
    return json.dumps(fields).encode()


def base64_of(*values, dtype="i1"):
    return base64.b64encode(np.array(values, dtype).tobytes()).decode()


DAMAGED = {
    "empty": (b"", "not JSON"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0", "not UTF-8"),
    "cut off": (BUNDLE.to_json().encode()[:300], "not JSON"),
    "a list": (b"[]", "format is"),
    "a number": (b"7", "format is"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "a long number": (b"9" * 10_000, "format is None"),
    "deeper than JSON may be": (b"[" * 65 + b"]" * 65, "damaged.nca.json: nested too deeply, more than 64 levels"),
    "NaN": (damaged(lambda f: f["provenance"].update(loss=float("nan"))), "not JSON"),
    "half a character": (damaged(lambda f: f.update(name="\ud800")), "not JSON"),
    "another format": (damaged(lambda f: f.update(format="nca-fixed-3")), "format is 'nca-fixed-3'"),
    "no decoder": (damaged(lambda f: f.update(format="nca-fixed-2")), "no decoder"),
    "a decoder too many": (damaged(lambda f: f.update(decoder={})), "unknown 'decoder'"),
    "format of a list": (damaged(lambda f: f.update(format=[])), "format is []"),
    "no weights": (damaged(lambda f: f.pop("weights")), "no weights"),
    "no w2": (damaged(lambda f: f["weights"].pop("w2")), "no w2"),
    "more": (damaged(lambda f: f.update(colour=1)), "unknown 'colour'"),
    "name of a number": (damaged(lambda f: f.update(name=5)), "name is 5, expected text"),
    "true channels": (damaged(lambda f: f.update(channels=True)), "channels is True"),
    "float channels": (damaged(lambda f: f.update(channels=4.0)), "channels is 4.0"),
    "5 channels": (damaged(lambda f: f.update(channels=5)), "expected one of (4, 8, 12, 16)"),
    "lying channels": (damaged(lambda f: f.update(channels=8)), "bytes, expected 256"),
    "lying hidden": (damaged(lambda f: f.update(hidden=12)), "bytes, expected 192"),
    "huge hidden": (damaged(lambda f: f.update(hidden=10**30)), "expected a multiple of 4 from 4 to 128"),
    "no update": (damaged(lambda f: f.update(update=0)), "update is 0"),
    "bad base64": (damaged(lambda f: f["weights"].update(w1="AAA*")), "expected base64 text"),
    "base64 of accents": (damaged(lambda f: f["weights"].update(w1="é")), "expected base64 text"),
    "weights of numbers": (damaged(lambda f: f["weights"].update(w1=[1])), "w1 is [1]"),
    "short b1": (damaged(lambda f: f["weights"].update(b1="AAAA")), "b1 has 3 bytes, expected 32"),
    "weight of -128": (damaged(lambda f: f["weights"].update(w1=base64_of(*[-128] * 128))), "w1 holds -128"),
    "bias over the bound": (
        damaged(lambda f: f["weights"].update(b1=base64_of(*[2**24 - 1] * 8, dtype="<i4"))),
        "expected below 2^24",
    ),
    "shift of 200": (damaged(lambda f: f["weights"].update(k1=base64_of(*[200] * 8, dtype="u1"))), "k1 holds 200"),
}


def decoder_of(decoder, **changes):
    """A bundle file with changes to its decoder. None takes a field away, and weights are arrays."""
    bundle = Bundle.of(BUNDLE.rule, "Moss", decoder=decoder)
    fields = json.loads(bundle.to_json())
    for name, value in changes.items():
        place = fields["decoder"]["weights"] if re.fullmatch("[wbk][123]", name) else fields["decoder"]
        place[name] = value
        if value is None:
            del place[name]
    return json.dumps(fields).encode()


def one_more(name):
    """The heaviest decoder with a bias that is one larger in magnitude: its row reaches 2^24."""
    biases = HEAVIEST.arrays()[name].copy()
    biases[0] += np.sign(biases[0])
    return decoder_of(HEAVIEST, **{name: base64_of(*biases, dtype="<i4")})


FULL = DECODED.fields()["decoder"]["weights"]["w1"]  # of a multiple of 3 bytes
ODD = DECODED.fields()["decoder"]["weights"]["b2"]
DAMAGED |= {
    "decoder of null": (damaged(lambda f: f.update(format="nca-fixed-2", decoder=None)), "decoder is None"),
    "decoder of a list": (damaged(lambda f: f.update(format="nca-fixed-2", decoder=[])), "decoder is []"),
    "empty decoder": (damaged(lambda f: f.update(format="nca-fixed-2", decoder={})), "no units, grain, skip"),
    "decoder of null beside nca-fixed-1": (damaged(lambda f: f.update(decoder=None)), "unknown 'decoder'"),
    "decoder with more": (decoder_of(DECODED.decoder, colour=1), "unknown 'colour'"),
    "decoder without skip": (decoder_of(DECODED.decoder, skip=None), "no skip"),
    "6 units": (decoder_of(DECODED.decoder, units=6), "decoder's units is 6"),
    "0 units": (decoder_of(DECODED.decoder, units=0), "decoder's units is 0"),
    "68 units": (decoder_of(DECODED.decoder, units=68), "decoder's units is 68"),
    "true units": (decoder_of(DECODED.decoder, units=True), "decoder's units is True"),
    "units of text": (decoder_of(DECODED.decoder, units="8"), "decoder's units is '8'"),
    "lying units": (decoder_of(DECODED.decoder, units=12), "bytes, expected 72"),
    "grain of 5": (decoder_of(DECODED.decoder, grain=5), "decoder's grain is 5"),
    "negative grain": (decoder_of(DECODED.decoder, grain=-1), "decoder's grain is -1"),
    "lying grain": (decoder_of(DECODED.decoder, grain=1), "bytes, expected 40"),
    "skip of 1": (decoder_of(DECODED.decoder, skip=1), "decoder's skip is 1"),
    "skip of text": (decoder_of(DECODED.decoder, skip="true"), "decoder's skip is 'true'"),
    "detail of 3": (decoder_of(DECODED.decoder, detail=3), "decoder's detail is 3"),
    "detail of 16": (decoder_of(DECODED.decoder, detail=16), "decoder's detail is 16"),
    "true detail": (decoder_of(DECODED.decoder, detail=True), "decoder's detail is True"),
    "decoder's weights of text": (decoder_of(DECODED.decoder, weights="AAAA"), "'AAAA', expected an object"),
    "decoder without b2": (decoder_of(DECODED.decoder, b2=None), "no b2"),
    "decoder with w3": (decoder_of(DECODED.decoder, w3="AAAA"), "unknown 'w3'"),
    "decoder's b2 of numbers": (decoder_of(DECODED.decoder, b2=[1, 2, 3]), "b2 is [1, 2, 3]"),
    "decoder's b2 with a space": (decoder_of(DECODED.decoder, b2=ODD[:4] + " " + ODD[4:]), "expected base64 text"),
    "decoder's b2 with a line": (decoder_of(DECODED.decoder, b2=ODD + "\n"), "expected base64 text"),
    "decoder's k2 without padding": (decoder_of(DECODED.decoder, w2="AA"), "expected base64 text"),
    "decoder's w1 with padding": (decoder_of(DECODED.decoder, w1=FULL + "="), "expected base64 text"),
    "decoder's w1 with four of it": (decoder_of(DECODED.decoder, w1=FULL + "===="), "expected base64 text"),
    "decoder's short b1": (decoder_of(DECODED.decoder, b1="AAAA"), "b1 has 3 bytes, expected 32"),
    "decoder's weight of -128": (decoder_of(DECODED.decoder, w1=base64_of(*[-128] * 48)), "decoder's w1 holds -128"),
    "decoder's shift of 21": (decoder_of(DECODED.decoder, k1=base64_of(*[21] * 8)), "decoder's k1 holds 21"),
    "decoder's shift of 0": (decoder_of(DECODED.decoder, k2=base64_of(0, 1, 1)), "decoder's k2 holds 0"),
    "decoder's layer 1 past the bound": (one_more("b1"), "decoder's layer 1"),
    "decoder's layer 2 past the bound": (one_more("b2"), "decoder's layer 2"),
    "decoder for other channels": (
        decoder_of(DECODED.decoder, w1=base64_of(*[1] * 8 * 10), grain=2),
        "w1 has 80 bytes, expected 48",
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_file_gets_one_clear_line(tmp_path, case):
    content, reason = DAMAGED[case]
    path = tmp_path / "damaged.nca.json"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_bundle(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert reason in message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 250


HARMLESS = {"NaN", "half a character", "float channels"}  # JavaScript has one kind of number, and parses these


@pytest.fixture(scope="module")
def tab(browser):
    """An empty page but for the shaders of one."""
    tab = browser.new_page()
    texts = (render(template, BUNDLE.rule) for template in (*PASSES.values(), DECODE, "show.frag.j2"))
    tab.set_content(f"<script type=x-glsl>{embed_shaders(texts)}</script>")
    yield tab
    tab.close()


MAKERS = {"page": ("data/bundle.js", "accept"), "element and module": ("data/made.js", "made")}


def plain(message):
    """A message in the words that Python and JavaScript share: they write values in ways of their own."""
    return message.lower().replace("'", '"').replace(", ", ",").replace("none", "null")


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("case", [name for name, (content, _) in DAMAGED.items() if content[:1] == b"{"])
def test_javascript_refuses_what_python_refuses_in_the_same_words(tab, maker, case):
    (module, function), (content, reason) = MAKERS[maker], DAMAGED[case]
    found = call(tab, module, f"(text) => Object.keys({function}(JSON.parse(text)))", content.decode())
    if case in HARMLESS - {"NaN"}:
        assert sorted(found) == sorted([*json.loads(BUNDLE.to_json()), "shaders"])
    else:
        assert plain(reason) in plain(found["error"]) or case in {"NaN", "cut off"}
        assert "\n" not in found["error"]
        assert len(found["error"]) < 250


def provenance_of(text):
    """The text of a bundle file with this value in its provenance."""
    return BUNDLE.to_json().replace('"seed": 1', f'"seed": {text}').replace('"steps": 3000', f'"steps": {text}')


@pytest.mark.parametrize(("levels", "fits"), [(62, True), (63, False), (5000, False)])
def test_the_page_refuses_the_depth_that_python_refuses(tab, tmp_path, levels, fits):
    """A bundle and its provenance are two levels of the 64."""
    path, text = tmp_path / "deep.nca.json", provenance_of("[" * levels + "]" * levels)
    path.write_text(text)
    found = call(tab, "data/bundle.js", "(text) => accept(JSON.parse(text)).name", text)
    if fits:
        assert (found, load_bundle(path).name) == ("Moss", "Moss")
    else:
        assert found["error"] == "nested too deeply"
        with pytest.raises(UserError, match=r"deep.nca.json: nested too deeply, more than 64 levels, expected"):
            load_bundle(path)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5000, "1" + "0" * 309])
def test_a_number_beyond_floats_is_null_as_a_page_saves_it(tab, number):
    text = provenance_of(number)
    read = "(text) => JSON.parse(JSON.stringify(accept(JSON.parse(text)).provenance))"
    assert call(tab, "data/bundle.js", read, text) == Bundle.from_json(text).provenance
    assert Bundle.from_json(text).provenance["steps"] is None


def test_integers_within_floats_stay_exact():
    assert Bundle.from_json(provenance_of("9" * 300)).provenance["steps"] == int("9" * 300)


def test_a_byte_order_mark_is_left_out(tmp_path):
    """Editors on Windows write it, and browsers leave it out. A second one is no JSON."""
    path, mark = tmp_path / "moss.nca.json", b"\xef\xbb\xbf"
    path.write_bytes(mark + BUNDLE.to_json().encode())
    assert load_bundle(path).to_json() == BUNDLE.to_json()
    path.write_bytes(2 * mark + BUNDLE.to_json().encode())
    with pytest.raises(UserError, match="not JSON"):
        load_bundle(path)


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("decoder", [None, DECODED.decoder, HEAVIEST])
def test_javascript_takes_what_python_takes(tab, maker, decoder):
    bundle = Bundle.of(BUNDLE.rule, "Moss", {"seed": 1}, decoder)
    found = call(tab, *MAKERS[maker], json.loads(bundle.to_json()))
    assert Bundle.from_json(json.dumps(found)).fields() == bundle.fields()


def test_the_order_of_the_weights_does_not_matter(tab):
    fields = DECODED.fields()
    turned = fields["decoder"] | {"weights": dict(reversed(fields["decoder"]["weights"].items()))}
    turned = fields | {"weights": dict(reversed(fields["weights"].items())), "decoder": turned}
    found = call(tab, "data/bundle.js", "accept", turned)
    assert found["shaders"] == call(tab, "data/bundle.js", "accept", fields)["shaders"]


@given(st.data())
def test_any_cut_or_flipped_byte_is_refused_or_harmless(data):
    """Never anything but a bundle or a UserError."""
    content = bytearray(BUNDLE.to_json().encode())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 127))
    del content[data.draw(st.integers(len(content) // 2, 2 * len(content))) :]
    try:
        Bundle.from_json(content.decode())
    except UserError as error:
        assert "\n" not in str(error)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.nca.json", tmp_path):
        with pytest.raises(UserError, match="cannot be read"):
            load_bundle(path)


@given(rules(), st.text())
def test_page_and_back(tmp_path_factory, rule, name):
    name = name.encode(errors="ignore").decode()
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render_page(Bundle.of(rule, name, {"seed": 1})), encoding="utf-8")
    [again] = load_page(path).values()
    assert same(again.rule, rule)
    assert (again.name, again.provenance) == (name, {"seed": 1})


@pytest.mark.parametrize(
    ("pattern", "other", "reason"),
    [
        (r"<script type=.application.*?</script>", "", "no texture"),
        (r'"w1":".*?"', '"w1":"AAAA"', "w1 has 3 bytes, expected 128"),
        (r'"w1":".*?"', '"w1":"*"', "expected base64 text"),
        (r'"w1":"..', '"w1":"AA', "export it again"),
        (r'"channels":4', '"channels":8', "w1 has 128 bytes, expected 256"),
        (r'"update":128', '"update":512', "update is 512"),
        (r'"update":128', '"update":127', "export it again"),
        (r'"format":', '"form":', "format is None"),
        (r'"weights":{.*?}', '"weights":"AAAA"', "an earlier version of nca.*export its texture again"),
    ],
)
def test_damaged_page_gets_one_clear_line(tmp_path, pattern, other, reason):
    page, count = re.subn(pattern, other, render_page(BUNDLE))
    assert count == 1
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    with pytest.raises(UserError, match=reason) as caught:
        load_page(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shaders", [dict.fromkeys(("vertex", "step", "brush", "display"), "foreign"), [], None, "x"])
def test_shaders_of_an_earlier_version_are_ignored(tab, shaders):
    """Whatever stands there, nobody reads it."""
    fields = BUNDLE.fields() | {"shaders": shaders}
    again = Bundle.from_json(json.dumps(fields))
    assert again.to_json() == BUNDLE.to_json()
    assert render_page(again) == render_page(BUNDLE)
    for module, function in MAKERS.values():
        assert call(tab, module, function, fields) == call(tab, module, function, BUNDLE.fields())


@given(rules(), st.data())
@settings(max_examples=20)
def test_the_element_and_the_module_make_what_the_page_makes(tab, rule, data):
    """But for the parts that only painted fields use, and names."""
    bundle = Bundle.of(rule, "Moss", decoder=data.draw(st.none() | decoders(rule.channels)))
    texts = call(tab, "data/made.js", "made", bundle.fields())["shaders"]
    for name, text in texts.items():
        numbers = re.findall(r"(?:mat4|mat4x3|vec[34])\(([-+\d.,e]+)\)", canonical_glsl(bundle.shaders[name]))
        assert re.findall(r"(?:mat4|mat4x3|vec[34])\(([-+\d.,e]+)\)", canonical_glsl(text)) == numbers
        assert "@" not in text


def test_page_refers_to_nothing_outside():
    page = render_page(BUNDLE, BUNDLE, posters=[b"RIFF"] * 2)
    assert page.count('src="data:image/webp;base64,') == 2
    page = re.sub('src="data:', "", page).replace('src="${', "").replace("url(${", "")  # the page's own code
    assert not re.search(r"https?:(?!\W)|//[a-z]|\bsrc=|@import|url\(|import ", page)


def test_modules_are_joined_only_where_understood():
    joined = join_modules("export const a = 1;\n", 'import { a } from "./a.js";\nconsole.log(a);\n')
    assert joined == "const a = 1;\nconsole.log(a);\n"
    assert join_modules("export const a = 1;\n", exporting=True) == "export const a = 1;\n"
    for line in ['export default 1;', 'import "./b.js";', 'import * as b from "b";', 'export { b };', 'import("b");',
                 'const b = "</script>";']:  # fmt: skip
        with pytest.raises(ValueError, match="cannot join"):
            join_modules(line + "\n")


@pytest.mark.parametrize(
    "twin",
    [
        "const shown = 1;",
        "export const shown = 1;",
        "let shown;",
        "class shown {}",
        "function shown() {}",
        "export async function shown() {}",
        "function* shown() {}",
        "const { other, shown } = nca;",
        "const {\n  seen: shown = 2,\n  other,\n} = nca;",
        "const [other, shown] = nca;",
    ],
)
def test_modules_that_declare_one_name_are_not_joined(twin):
    """Joined, one would take the place of the other, or the script would not run."""
    with pytest.raises(ValueError, match="both declare shown: rename"):
        join_modules("export const shown = (value) => value;\n", twin + "\n")


def test_names_inside_of_functions_may_be_the_same():
    assert join_modules("const a = 1;\n", "function b() {\n  const a = 2;\n  return a;\n}\n")
    assert join_modules("const a = 1;\n", "const { a: b } = { a };\n")
