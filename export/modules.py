"""The viewer's files: as they stand, as templates, modules as one script for what carries its code along."""

import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from nca.export.minify import minify

__all__ = ["join_modules", "needed", "read_modules", "read_viewer", "render_viewer"]

_IMPORT = re.compile(r'^(?:import|export) \{.*\} from "\./(.*)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=async function|class|const|function)", re.MULTILINE)
_UNKNOWN = re.compile(r"^\s*(?:import|export)\b.*|\bimport[.(].*|</script.*|<!--.*", re.MULTILINE)


@cache
def read_modules(name: str, *, exporting: bool = False) -> str:
    """A module of the viewer and all that it imports, joined and made small; exporting keeps its own exports."""
    *others, module = map(read_viewer, needed(name))
    return minify(join_modules(*others) + join_modules(module, exporting=exporting))


def needed(name: str) -> list[str]:
    """A module of the viewer after all that it imports, each once and after its own."""
    found: dict[str, None] = {}
    for imported in _IMPORT.findall(read_viewer(name)):
        found |= dict.fromkeys(needed(imported))
    return [*found, name]


def read_viewer(name: str) -> str:
    """A file of the viewer as it stands."""
    return files("nca.viewer").joinpath(name).read_text(encoding="utf-8")


def render_viewer(template: str, **values: object) -> str:
    """A template of the viewer; values are escaped where it makes HTML."""
    return _templates().get_template(template).render(values)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("nca.viewer", "."),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"]),
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def join_modules(*modules: str, exporting: bool = False) -> str:
    """One script from plain modules, dependencies first: imports between them dropped, and their exports unless kept.

    Raises ValueError where a module uses a form of import or export that this does not know.
    """
    module = _IMPORT.sub("", "".join(modules))
    script = _EXPORT.sub("", module)
    if unknown := _UNKNOWN.search(script):
        raise ValueError(f"cannot join modules at: {unknown[0]}")
    return module if exporting else script
