"""Reads the viewer's files: as they are, as rendered templates, and as modules joined into one small script."""

import posixpath
import re
from collections import Counter
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from nca.export.js.minify import minify
from nca.files import one_line

__all__ = ["join_modules", "needed", "read_modules", "read_viewer", "render_viewer"]

_IMPORT = re.compile(r'^(?:import|export) \{.*\} from "(\.{1,2}/.*)";\n', re.MULTILINE)
# What a module hands on from another one, under the same name.
_HANDED_ON = re.compile(r'^export \{ (.*) \} from "\..*";\n', re.MULTILINE)
# The types of another file. In the joined file they are at hand.
_TYPES = re.compile(r'^(?:/\*\*| \*) @import \{.*\} from ".*"(?: \*/)?\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async function|class|const|function)", re.MULTILINE)
# What a module declares at its top level, where Prettier indents nothing: one name, or several in {} or [].
_DECLARED = re.compile(
    r"^(?:export )?(?:(?:async )?function\b\*?|class|const|let) *(?:(\w+)|[{[]([^;]*?)[\]}] =)", re.MULTILINE
)
_UNKNOWN = re.compile(r"^\s*(?:import|export)\b.*|\bimport[.(].*|</script.*|<!--.*", re.MULTILINE)


@cache
def read_modules(name: str, *, exporting: bool = False) -> str:
    """A module of the viewer and all that it imports, joined and minified. exporting: keep the module's exports."""
    *others, module = map(read_viewer, needed(name))
    joined = join_modules(join_modules(*others), module, exporting=exporting)
    return minify(joined + _handed_on(module) if exporting else joined)


def _handed_on(module: str) -> str:
    """Statements that export, in the joined file, what a module exports from others."""
    names = ", ".join(_HANDED_ON.findall(module))
    return "".join(f"export {{ {name} }};\n" for name in names.split(", ") if name)


def needed(name: str) -> list[str]:
    """The names of a module and of all that it imports, each once and after its own imports."""
    found: dict[str, None] = {}
    for imported in _IMPORT.findall(read_viewer(name)):
        found |= dict.fromkeys(needed(posixpath.normpath(posixpath.join(posixpath.dirname(name), imported))))
    return [*found, name]


def read_viewer(name: str) -> str:
    """The text of a file of the viewer."""
    return files("nca.viewer").joinpath(name).read_text(encoding="utf-8")


def render_viewer(template: str, **values: object) -> str:
    """A rendered template of the viewer. Values are escaped in HTML."""
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("nca.viewer", "templates"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"]),
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["one_line"] = one_line
    return environment


def join_modules(*modules: str, exporting: bool = False) -> str:
    """One script from plain modules, dependencies first, without their imports. exporting: keep their exports.

    Raises ValueError where a module uses a form of import or export that is not known here, or where two modules
    declare one name: in one script the second would be an error, or take the place of the first.
    """
    declared = Counter(name for module in modules for name in _declared(module))
    if twins := [name for name, count in declared.items() if count > 1]:
        raise ValueError(f"cannot join modules that both declare {', '.join(twins)}: rename one of each two")
    module = _TYPES.sub("", _IMPORT.sub("", "".join(modules))).replace("\n *\n */", "\n */")
    module = re.sub(r"\n{3,}", "\n\n", module)
    script = _EXPORT.sub("", module)
    if unknown := _UNKNOWN.search(script):
        raise ValueError(f"cannot join modules at: {unknown[0]}")
    return module if exporting else script


def _declared(module: str) -> set[str]:
    """The names of a module's own top level. In `const { a: b = 1 } = c` this is b."""
    found: set[str] = set()
    for name, several in _DECLARED.findall(module):
        parts = several.split(",")
        found |= {name} if name else {re.sub(r"^.*:|=.*", "", part.strip()).strip(" .") for part in parts}
    return found - {""}
