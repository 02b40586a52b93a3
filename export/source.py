"""Whatever names a texture on the command line, run folder, bundle or exported page, as a bundle."""

from dataclasses import replace
from pathlib import Path

from nca.errors import UserError
from nca.export.bundle import Bundle, load_bundle
from nca.export.html import load_page
from nca.files import plain_text
from nca.run import load_run

__all__ = ["is_page", "load_source"]


def load_source(path: Path, name: str | None = None) -> Bundle:
    """Read a texture, renamed where a name is given.

    Raises UserError where the path is none of the three, or damaged.
    """
    bundle = _load(path)
    return replace(bundle, name=plain_text(name)) if name else bundle


def is_page(path: Path) -> bool:
    """Whether a path is to be read as an exported page."""
    return path.is_file() and path.suffix.lower() in (".html", ".htm")


def _load(path: Path) -> Bundle:
    if not path.exists():
        raise UserError(
            f"{path}: no such file or folder; expected a run folder, a .nca.json bundle or an exported page"
        )
    if path.is_dir():
        run = load_run(path)
        return Bundle.of(run.rule, run.name, run.provenance)
    return load_page(path) if is_page(path) else load_bundle(path)
