"""Smaller JavaScript: what changes in it, and what must not."""

import re

import pytest

from nca.export.js.constants import CONSTANTS, numbers_for_constants
from nca.export.js.minify import minify
from nca.export.js.modules import join_modules, needed
from paths import ROOT

VIEWER = ROOT / "viewer"


@pytest.mark.parametrize(
    ("code", "small"),
    [
        ("/** A doc. */\nconst first = 1; // one\n", "let a=1;"),
        ("export const first = 1;\nconst second = first;\n", "export let first=1;let a=first;"),
        ("export async function load(url) {\n  return await fetch(url);\n}\n",
         "export async function load(a){return await fetch(a)}"),
        # Properties and globals keep their names; a name that is both a property and a variable is told apart.
        ("const width = view.width ?? { width: 1 };\n", "let a=view.width??{width:1};"),
        ("const { width, height: tall = width } = box();\nuse({ width, tall });\n",
         "let{width:a,height:b=a}=box();use({width:a,tall:b});"),
        ("const f = ({ size = 2 }, [first, ...rest]) => size ? first : rest;\n",
         "let d=({size:a=2},[b,...c])=>a?b:c;"),
        # What another statement declares is no concern of this one.
        ("function one(left) {\n  return left;\n}\nfunction two(right) {\n  return left + right;\n}\n",
         "function a(left){return left}function b(a){return left+a}"),
        # Classes: members keep their names, private ones are short in each class anew.
        ("class Dot {\n  place = 0;\n  #long = 1;\n  get size() {\n    return this.#long;\n  }\n}\n"
         "class Line {\n  #other = 2;\n  move(place) {\n    this.place = place + this.#other;\n  }\n}\n",
         "class a{place=0;#a=1;get size(){return this.#a}}class b{#a=2;move(a){this.place=a+this.#a}}"),
        # Texts, templates and regular expressions keep their spaces, and what looks like comments in them.
        ('const text = "a // b";\nconst other = `${text} /* ${text + 1} */`;\n',
         'let a="a // b",b=`${a} /* ${a+1} */`;'),
        ('const is = /^( |"enter) \\/[/"]/.test(key);\nconst half = size / 2 / 3;\n',
         'let a=/^( |"enter) \\/[/"]/.test(key),b=size/2/3;'),
        ('const is = (key) => {\n  return /^ "/.test(key);\n};\n', 'let b=(a)=>{return/^ "/.test(a)};'),
        ("const next = i++ + +text - -1;\n", "let a=i++ + +text- -1;"),
        ("const one = /** @type {Element} */ (box.find(`a`)).first;\nconst two = /** @type {any} */ (one ?? box)[0];\n",
         "let a=box.find(`a`).first,b=(a??box)[0];"),
        ("const is = () => {\n  return true;\n};\nbox.true = { is: false };\n",
         "let a=()=>{return!0};box.true={is:!1};"),
        # One let declares what follows each other, but an export exports no more than its own name.
        ("const one = 1;\nlet two = one;\nuse(two);\nconst four = 4;\n", "let a=1,b=a;use(b);let c=4;"),
        ("export const one = 1;\nconst two = 2;\nconst three = 3;\n", "export let one=1;let a=2,b=3;"),
        ("const f = () => {\n  const one = 1;\n};\nfor (const each of f) use(each);\nconst two = 2;\n",
         "let a=()=>{let b=1};for(let b of a)use(b);let b=2;"),
        ("try {\n  go();\n} catch {\n  document.close();\n}\n", "try{go()}catch{document.close()}"),
        ("try {\n  go();\n} catch (error) {\n  say(error);\n}\n", "try{go()}catch(a){say(a)}"),
    ],
)  # fmt: skip
def test_small(code, small):
    assert minify(code) == small


def test_names_never_become_words_or_collide():
    names = [f"name{i}" for i in range(400)]
    code = "".join(f"const {name} = outside{i};\n" for i, name in enumerate(names)) + f"use({', '.join(names)});\n"
    small = re.findall(r"(?:let |,)(\w+)=", minify(code))
    assert len(set(small)) == 400
    assert not {"do", "if", "in", "of"} & set(small)


@pytest.mark.parametrize(
    "code",
    ["const a = 'open;\n", "const a = `open;\n", "const \\u0061 = 1;\n", "`${a ? `${b}` : c}`;\n", "`${f({ a })}`;\n"],
)
def test_what_it_does_not_understand_is_refused(code):
    with pytest.raises(ValueError, match="cannot minify"):
        minify(code)


def test_the_viewers_modules_lose_no_property_and_no_text():
    """What is left of each when local names are taken away is the same before and after."""
    code = join_modules(*((VIEWER / name).read_text() for name in needed("element/element.js")))
    code = re.sub(r"/\*[\s\S]*?\*/|^\s*//.*|\s// .*", "", code, flags=re.MULTILINE)
    code = numbers_for_constants(re.sub(r"\bfalse\b", "!1", re.sub(r"\btrue\b", "!0", code)))
    for pattern in (r"(?<!\.)\.[a-z]\w*", r'"[^"\n]*"', r"\b\d[\w.]*"):
        assert sorted(re.findall(pattern, minify(code))) == sorted(re.findall(pattern, code))


def test_constants_of_webgl_become_the_browsers_numbers(browser):
    assert minify("gl.bindTexture(gl.TEXTURE_2D, null);\nuse(gl.TEXTURE0 + unit);\n") == (
        "gl.bindTexture(3553,null);use(33984+unit);"
    )
    tab = browser.new_page()
    names = [name for name in CONSTANTS if name != "COMPLETION_STATUS_KHR"]  # an extension's, where there is one
    assert tab.evaluate("(names) => names.map((name) => WebGL2RenderingContext[name])", names) == [
        CONSTANTS[name] for name in names
    ]
    tab.close()
    used = set(re.findall(r"\bgl\.([A-Z][A-Z0-9_]+)", "".join(path.read_text() for path in VIEWER.rglob("*.js"))))
    assert used - set(CONSTANTS) == set()


def test_underscored_members_of_classes_are_shortened_alike_and_keys_of_objects_kept():
    code = """
      class Rule { _state = 1; _next() { return this._state; } }
      class Fast extends Rule { _next() { return super._next() + this._state; } }
      export const known = { _moves: () => new Fast()._next() };
    """
    short = minify(code)
    assert "_moves:" in short
    assert not re.search("_state|_next", short)
    state, after = re.search(r"\{(_\w+)=1;(_\w+)\(\)", short).groups()
    assert short.count(f"this.{state}") == 2
    assert f"super.{after}()" in short
