"""The folder for own code: the runtime as a module, the bundle, a page that uses them."""

from nca.export.bundle import Bundle
from nca.export.formats.format import Format, folder
from nca.export.js.modules import join_modules, needed, read_viewer, render_viewer
from nca.export.proof import proved
from nca.files import file_name

__all__ = ["MODULE", "render_module"]

_RUNTIME = "nca.js"


def render_module(bundle: Bundle) -> dict[str, str]:
    """The folder's files by name: nca.js, the bundle, index.html, README.txt."""
    file = f"{file_name(bundle.name)}.nca.json"
    return {
        _RUNTIME: join_modules(*map(read_viewer, needed("runtime/nca.js")), exporting=True),
        file: proved(bundle).to_json(),
        "index.html": render_viewer("module.html.j2", name=bundle.name, file=file),
        "README.txt": render_viewer("module.txt.j2", name=bundle.name, file=file),
    }


MODULE = Format(
    "a folder with the runtime for own code, three.js, p5.js", "-module", folder(render_module), marker=_RUNTIME
)
