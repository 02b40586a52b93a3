"""The folder of the element: one module to host anywhere, the bundle, a page that shows it."""

import re

from nca import __version__
from nca.export.bundle import Bundle
from nca.export.html import read_modules, template

__all__ = ["MODULE", "render_element"]

MODULE = "nca-texture.js"


def render_element(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: the module, index.html, README.txt and the bundle."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", bundle.name).strip("-") or "texture"  # the same in a file system and in an address
    values = {"name": bundle.name, "file": f"{name}.nca.json", "module": MODULE}
    return {
        MODULE: f"// nca-texture {__version__}, Apache-2.0\n{read_modules('pace.js', 'nca.js', 'element.js', exporting=True)}\n",
        "index.html": template("element.html.j2").render(values),
        "README.txt": template("element_readme.txt.j2").render(values),
        values["file"]: bundle.to_json(),
    }
