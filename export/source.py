"""Whatever names a texture on the command line, run folder, bundle or exported page, as a bundle."""

from collections.abc import Iterable
from pathlib import Path

from nca.errors import UserError
from nca.export.bundle import Bundle, load_bundle
from nca.export.html import load_page
from nca.files import file_name
from nca.run import load_run

__all__ = ["is_page", "load_each", "load_source", "load_sources", "split_address"]


def load_source(path: Path) -> Bundle:
    """Read a texture; of a page's textures the first, or the one named behind a #.

    Raises UserError where the path is none of the three, or damaged, or has no such texture.
    """
    return next(iter(load_sources(path).values()))


def load_sources(path: Path) -> dict[str, Bundle]:
    """Every texture of a path by its address, in a page several; `page.html#lava` means that one alone.

    Raises UserError as `load_source` does.
    """
    path, address = split_address(path)
    textures = _load(path)
    if address and address not in textures:
        raise UserError(f"{path}: no texture {address} in it, expected one of {', '.join(textures)}")
    return {address: textures[address]} if address else textures


def load_each(paths: Iterable[Path]) -> list[Bundle]:
    """Every texture of these paths. Raises UserError as `load_source` does."""
    return [bundle for path in paths for bundle in load_sources(path).values()]


def split_address(path: Path) -> tuple[Path, str]:
    """A page's path, and the texture that is named behind a #."""
    name, mark, address = path.name.rpartition("#")
    page = path.with_name(name) if mark and name else path
    return (page, address) if page != path and is_page(page) else (path, "")


def is_page(path: Path) -> bool:
    """Whether a path is to be read as an exported page."""
    return path.is_file() and path.suffix.lower() in (".html", ".htm")


def _load(path: Path) -> dict[str, Bundle]:
    if not path.exists():
        raise UserError(
            f"{path}: no such file or folder; expected a run folder, a .nca.json bundle or an exported page"
        )
    if is_page(path):
        return load_page(path)
    bundle = _load_run(path) if path.is_dir() else load_bundle(path)
    return {file_name(bundle.name): bundle}


def _load_run(folder: Path) -> Bundle:
    run = load_run(folder)
    return Bundle.of(run.rule, run.name, run.provenance)
