"""The folder of the element: one module to host anywhere, the bundle, a page that shows it."""

from nca.export.bundle import Bundle
from nca.export.modules import read_modules, render_viewer
from nca.files import file_name

__all__ = ["MODULE", "render_element"]

MODULE = "nca-texture.js"


def render_element(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: the module, the bundle, index.html and README.txt."""
    file = f"{file_name(bundle.name)}.nca.json"
    values = {"name": bundle.name, "module": MODULE, "file": file}
    return {
        MODULE: read_modules("element.js", exporting=True) + "\n",
        file: bundle.to_json(),
        "index.html": render_viewer("element.html.j2", **values),
        "README.txt": render_viewer("element.txt.j2", **values),
    }
