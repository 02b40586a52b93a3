"""Smaller JavaScript: what changes in it, and what must not."""

import re
from pathlib import Path

import pytest

from nca.export.minify import minify
from nca.export.modules import join_modules, needed

VIEWER = Path(__file__).parent.parent / "viewer"


@pytest.mark.parametrize(
    ("code", "small"),
    [
        ("/** A doc. */\nconst first = 1; // one\n", "const a=1;"),
        ("export const first = 1;\nconst second = first;\n", "export const first=1;const a=first;"),
        ("export async function load(url) {\n  return await fetch(url);\n}\n",
         "export async function load(a){return await fetch(a)}"),
        # Properties and globals keep their names; a name that is both a property and a variable is told apart.
        ("const width = view.width ?? { width: 1 };\n", "const a=view.width??{width:1};"),
        ("const { width, height: tall = width } = box();\nuse({ width, tall });\n",
         "const{width:a,height:b=a}=box();use({width:a,tall:b});"),
        ("const f = ({ size = 2 }, [first, ...rest]) => size ? first : rest;\n",
         "const d=({size:a=2},[b,...c])=>a?b:c;"),
        # What another statement declares is no concern of this one.
        ("function one(left) {\n  return left;\n}\nfunction two(right) {\n  return left + right;\n}\n",
         "function a(left){return left}function b(a){return left+a}"),
        # Classes: members keep their names, private ones are short in each class anew.
        ("class Dot {\n  place = 0;\n  #long = 1;\n  get size() {\n    return this.#long;\n  }\n}\n"
         "class Line {\n  #other = 2;\n  move(place) {\n    this.place = place + this.#other;\n  }\n}\n",
         "class a{place=0;#a=1;get size(){return this.#a}}class b{#a=2;move(a){this.place=a+this.#a}}"),
        # Texts, templates and regular expressions keep their spaces, and what looks like comments in them.
        ('const text = "a // b";\nconst other = `${text} /* ${text + 1} */`;\n',
         'const a="a // b";const b=`${a} /* ${a+1} */`;'),
        ('const is = /^( |"enter) \\/[/"]/.test(key);\nconst half = size / 2 / 3;\n',
         'const a=/^( |"enter) \\/[/"]/.test(key);const b=size/2/3;'),
        ('const is = (key) => {\n  return /^ "/.test(key);\n};\n', 'const b=(a)=>{return/^ "/.test(a)};'),
        ("const next = i++ + +text - -1;\n", "const a=i++ + +text- -1;"),
        ("try {\n  go();\n} catch {\n  document.close();\n}\n", "try{go()}catch{document.close()}"),
        ("try {\n  go();\n} catch (error) {\n  say(error);\n}\n", "try{go()}catch(a){say(a)}"),
    ],
)  # fmt: skip
def test_small(code, small):
    assert minify(code) == small


def test_names_never_become_words_or_collide():
    names = [f"name{i}" for i in range(400)]
    code = "".join(f"const {name} = outside{i};\n" for i, name in enumerate(names)) + f"use({', '.join(names)});\n"
    small = re.findall(r"const (\w+)=", minify(code))
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
    code = join_modules(*((VIEWER / name).read_text() for name in needed("element.js")))
    code = re.sub(r"/\*[\s\S]*?\*/|^\s*//.*|\s// .*", "", code, flags=re.MULTILINE)
    for pattern in (r"(?<!\.)\.[a-z]\w*", r'"[^"\n]*"', r"\b\d[\w.]*"):
        assert sorted(re.findall(pattern, minify(code))) == sorted(re.findall(pattern, code))


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
