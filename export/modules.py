"""The viewer's files: as they stand, as templates, modules as one script for what carries its code along."""

import re
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from nca.export.minify import bare_javascript

__all__ = ["join_modules", "read_modules", "read_viewer", "render_viewer"]

_PLAIN = re.compile(r'^import \{.*\} from "\./.*";\n|^export (?=class|const|function)', re.MULTILINE)
_UNKNOWN = re.compile(r"^\s*(?:import|export)\b.*|\bimport[.(].*|</script.*|<!--.*", re.MULTILINE)


def read_modules(*names: str) -> str:
    """Modules of the viewer as one bare script, dependencies first."""
    return bare_javascript(join_modules(*map(read_viewer, names)))


def read_viewer(name: str) -> str:
    """A file of the viewer as it stands."""
    return files("nca.viewer").joinpath(name).read_text(encoding="utf-8")


def render_viewer(template: str, **values: object) -> str:
    """A template of the viewer; values are escaped where it makes HTML."""
    templates = Environment(
        loader=PackageLoader("nca.viewer", "."),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"]),
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return templates.get_template(template).render(values)


def join_modules(*modules: str) -> str:
    """One script from plain modules, dependencies first: imports between them and `export` dropped.

    Raises ValueError where a module uses a form of import or export that this does not know.
    """
    script = _PLAIN.sub("", "".join(modules))
    if unknown := _UNKNOWN.search(script):
        raise ValueError(f"cannot join modules at: {unknown[0]}")
    return script
