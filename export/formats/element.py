"""The folder of the element: one module to host anywhere, the bundle, a page that shows it."""

from nca.export.bundle import Bundle
from nca.export.formats.format import Format, folder
from nca.export.js.modules import read_modules, render_viewer
from nca.export.proof import proved
from nca.files import file_name

__all__ = ["ELEMENT", "render_element"]

_MODULE = "nca-texture.js"


def render_element(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: the module, the bundle, index.html and README.txt."""
    file = f"{file_name(bundle.name)}.nca.json"
    values = {"name": bundle.name, "module": _MODULE, "file": file}
    return {
        _MODULE: read_modules("element/element.js", exporting=True) + "\n",
        file: proved(bundle).to_json(),
        "index.html": render_viewer("element.html.j2", **values),
        "README.txt": render_viewer("element.txt.j2", **values),
    }


ELEMENT = Format("a folder with <nca-texture>, for any page", "-element", folder(render_element), marker=_MODULE)
