"""The folder for own code: the runtime as a module, the bundle, a page that uses them."""

from nca.export.bundle import Bundle
from nca.export.modules import join_modules, needed, read_viewer, render_viewer
from nca.files import file_name

__all__ = ["render_module"]


def render_module(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: nca.js, the bundle, index.html, README.txt."""
    file = f"{file_name(bundle.name)}.nca.json"
    return {
        "nca.js": join_modules(*map(read_viewer, needed("nca.js")), exporting=True),
        file: bundle.to_json(),
        "index.html": render_viewer("module.html.j2", name=bundle.name, file=file),
        "README.txt": render_viewer("module.txt.j2", name=bundle.name, file=file),
    }
