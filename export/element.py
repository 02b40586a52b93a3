"""The folder of the element: one module to host anywhere, the bundle, a page that shows it."""

import re

from nca import __version__
from nca.export.bundle import Bundle
from nca.export.html import read_modules, template

__all__ = ["MODULE", "render_element"]

MODULE = "nca-texture.js"
_PARTS = ("pace.js", "nca.js", "element.js")


def render_element(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: the module, the bundle, index.html and README.txt."""
    file = f"{_plain(bundle.name)}.nca.json"
    values = {"name": bundle.name, "module": MODULE, "file": file}
    return {
        MODULE: f"// nca-texture {__version__}, Apache-2.0\n{read_modules(*_PARTS, exporting=True)}\n",
        file: bundle.to_json(),
        "index.html": template("element.html.j2").render(values),
        "README.txt": template("element_readme.txt.j2").render(values),
    }


def _plain(name: str) -> str:
    """The same in every file system and address."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "texture"
