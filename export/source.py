"""Loading a texture from a path on the command line: a run folder, a bundle or an exported page."""

from collections.abc import Iterable
from pathlib import Path

from nca.errors import UserError
from nca.export.addresses import addresses
from nca.export.bundle import Bundle, load_bundle
from nca.export.embedded import load_page
from nca.run import MODEL, PICTURES, load_run

__all__ = ["each_path", "is_page", "load_each", "load_source", "load_sources", "split_address"]


def load_source(path: Path) -> Bundle:
    """Read a texture. From a page, this is the first one, or the one named after a #.

    Raises UserError if the path is none of the three, or is damaged, or has no such texture, or holds several runs.
    """
    if runs := _runs(path):
        names = ", ".join(run.name for run in runs[:4])
        raise UserError(f"{path} is a folder of several runs: name one of them, such as {names}")
    return next(iter(load_sources(path).values()))


def load_sources(path: Path) -> dict[str, Bundle]:
    """All textures of a path by their addresses. A page may hold several, or a folder; `page.html#lava` selects one.

    Raises UserError as `load_source` does.
    """
    path, address = split_address(path)
    textures = _load(path)
    if address and address not in textures:
        raise UserError(f"{path}: no texture {address} in it, expected one of {', '.join(textures)}")
    return {address: textures[address]} if address else textures


def load_each(paths: Iterable[Path]) -> list[Bundle]:
    """All textures of these paths. Raises UserError as `load_sources` does."""
    return [bundle for path in each_path(paths) for bundle in load_sources(path).values()]


def each_path(paths: Iterable[Path]) -> list[Path]:
    """These paths, with the runs of a folder instead of a folder of several runs.

    The file that lists these runs is left out: RUNS/* names it too.

    Raises UserError if nothing else is named.
    """
    paths = list(paths)
    found = [each for path in paths if path.name != PICTURES for each in _runs(path) or [path]]
    if not found:
        raise UserError(f"{paths[0]}: no texture, expected a run folder, a .nca.json bundle or an exported page")
    return found


def _runs(path: Path) -> list[Path]:
    """The run folders in a folder that is no run itself."""
    if not path.is_dir() or (path / MODEL).exists():
        return []
    return sorted(model.parent for model in path.glob(f"*/{MODEL}"))


def split_address(path: Path) -> tuple[Path, str]:
    """Split `page.html#lava` into the page's path and the texture's address, which is empty for other paths."""
    name, mark, address = path.name.rpartition("#")
    page = path.with_name(name) if mark and name else path
    return (page, address) if page != path and is_page(page) else (path, "")


def is_page(path: Path) -> bool:
    """Whether a path names an HTML file."""
    return path.is_file() and path.suffix.lower() in (".html", ".htm")


def _load(path: Path) -> dict[str, Bundle]:
    if not path.exists():
        raise UserError(
            f"{path}: no such file or folder; expected a run folder, a .nca.json bundle or an exported page"
        )
    if is_page(path):
        return load_page(path)
    bundles = [_load_run(each) if each.is_dir() else load_bundle(each) for each in _runs(path) or [path]]
    return dict(zip(addresses(bundle.name for bundle in bundles), bundles, strict=True))


def _load_run(folder: Path) -> Bundle:
    run = load_run(folder)
    return Bundle.of(run.rule, run.name, run.provenance, run.decoder)
