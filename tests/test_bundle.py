"""The bundle file and the page as a file: what comes back, and what is refused with one clear line."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules import random_rule
from strategies import rules

from nca import UserError
from nca.export.bundle import Bundle, load_bundle
from nca.export.html import load_page, render_page
from nca.export.modules import join_modules

BUNDLE = Bundle.of(random_rule(4, 8), "Moss", {"image": "moss.png", "steps": 3000})


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


def test_file_describes_itself():
    fields = json.loads(BUNDLE.to_json())
    assert list(fields) == ["format", "name", "channels", "hidden", "update", "weights", "shaders", "provenance"]
    assert [fields[key] for key in ("format", "name", "channels", "hidden", "update")] == [
        "nca-fixed-1", "Moss", 4, 8, 128,
    ]  # fmt: skip
    assert list(fields["weights"]) == ["w1", "b1", "k1", "w2", "k2"]
    w1 = np.frombuffer(base64.b64decode(fields["weights"]["w1"]), np.int8).reshape(8, 16)
    b1 = np.frombuffer(base64.b64decode(fields["weights"]["b1"]), "<i4")
    assert np.array_equal(w1, BUNDLE.rule.w1)
    assert np.array_equal(b1, BUNDLE.rule.b1)
    assert list(fields["shaders"]) == ["vertex", "step", "brush", "display"]


def damaged(change):
    fields = json.loads(BUNDLE.to_json())
    change(fields)
    return json.dumps(fields).encode()


def base64_of(*values, dtype="i1"):
    return base64.b64encode(np.array(values, dtype).tobytes()).decode()


DAMAGED = {
    "empty": (b"", "not JSON"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0", "not UTF-8"),
    "cut off": (BUNDLE.to_json().encode()[:2000], "not JSON"),
    "a list": (b"[]", "format is"),
    "a number": (b"7", "format is"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "a long number": (b"9" * 10_000, "not JSON"),
    "NaN": (damaged(lambda f: f["provenance"].update(loss=float("nan"))), "not JSON"),
    "half a character": (damaged(lambda f: f.update(name="\ud800")), "not JSON"),
    "another format": (damaged(lambda f: f.update(format="nca-fixed-2")), "format is 'nca-fixed-2'"),
    "format of a list": (damaged(lambda f: f.update(format=[])), "format is []"),
    "no weights": (damaged(lambda f: f.pop("weights")), "no weights"),
    "no w2": (damaged(lambda f: f["weights"].pop("w2")), "no w2"),
    "more": (damaged(lambda f: f.update(colour=1)), "unknown 'colour'"),
    "more shaders": (damaged(lambda f: f["shaders"].update(audio="")), "unknown 'audio'"),
    "no brush shader": (damaged(lambda f: f["shaders"].pop("brush")), "no brush"),
    "empty shader": (damaged(lambda f: f["shaders"].update(step="")), "step shader is ''"),
    "shader of numbers": (damaged(lambda f: f["shaders"].update(step=[1])), "step shader is [1]"),
    "name of a number": (damaged(lambda f: f.update(name=5)), "name is 5, expected text"),
    "true channels": (damaged(lambda f: f.update(channels=True)), "channels is True"),
    "float channels": (damaged(lambda f: f.update(channels=4.0)), "channels is 4.0"),
    "5 channels": (damaged(lambda f: f.update(channels=5)), "expected one of (4, 8, 12, 16)"),
    "lying channels": (damaged(lambda f: f.update(channels=8)), "bytes, expected 256"),
    "lying hidden": (damaged(lambda f: f.update(hidden=12)), "bytes, expected 192"),
    "huge hidden": (damaged(lambda f: f.update(hidden=10**30)), "hidden is 1000"),
    "no update": (damaged(lambda f: f.update(update=0)), "update is 0"),
    "bad base64": (damaged(lambda f: f["weights"].update(w1="AAA*")), "w1 is not base64"),
    "base64 of accents": (damaged(lambda f: f["weights"].update(w1="é")), "w1 is not base64"),
    "weights of numbers": (damaged(lambda f: f["weights"].update(w1=[1])), "w1 is [1]"),
    "short b1": (damaged(lambda f: f["weights"].update(b1="AAAA")), "b1 has 3 bytes, expected 32"),
    "weight of -128": (damaged(lambda f: f["weights"].update(w1=base64_of(*[-128] * 128))), "w1 holds -128"),
    "bias over the bound": (
        damaged(lambda f: f["weights"].update(b1=base64_of(*[2**24 - 1] * 8, dtype="<i4"))),
        "expected below 2^24",
    ),
    "shift of 200": (damaged(lambda f: f["weights"].update(k1=base64_of(*[200] * 8, dtype="u1"))), "k1 holds 200"),
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
@settings(deadline=None)
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
        (r'"weights":".*?"', '"weights":"AAAA"', "do not fit"),
        (r'"weights":".*?"', '"weights":"*"', "do not fit"),
        (r'"channels":4', '"channels":8', "no rule"),
        (r"(?<=rate=)128u", "512u", "update holds 512"),
        (r'"format":', '"form":', "format is None"),
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


def test_matrices_that_are_not_ours_stay_in_the_shader():
    foreign = "mat4(1) mat4(128" + ",0" * 15 + ") mat4(-127" + ",0" * 15 + ")"
    step = BUNDLE.shaders["step"] + foreign
    page = render_page(replace(BUNDLE, shaders=BUNDLE.shaders | {"step": step}))
    assert foreign.replace("-127" + ",0" * 15, "@").replace(") ", ")") in page


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
