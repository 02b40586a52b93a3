"""Writing whole files and folders or nothing: under a temporary name first, then moved into place."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from nca.errors import UserError

__all__ = ["check_output", "file_name", "make_folder", "plain_text", "sweep", "write_file", "write_folder"]


def check_output(path: Path, *, force: bool, marker: str | None = None) -> None:
    """Refuse to overwrite, before any work is done.

    marker: the file by which --force knows a folder as one of ours; other folders are never replaced.
    Raises UserError.
    """
    with _explained(path):
        if path.is_dir() and marker is None:
            raise UserError(f"{path} is a folder: expected the name of a file to write")
        if path.is_dir() and marker and any(path.iterdir()) and not (path / marker).is_file():
            raise UserError(f"{path} is a folder without {marker}, so not one to replace: choose another name")
        if path.is_file() and marker:
            raise UserError(f"{path} is a file: expected the name of a folder to write")
        if not force and (path.is_symlink() or path.exists()):
            raise UserError(f"{path} exists already: choose another name, or replace it with --force")
        _try_name(path)


def _try_name(path: Path) -> None:
    """Make and remove what writing makes first, in the nearest folder that exists: a failed command leaves nothing."""
    folder = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    tempfile.TemporaryDirectory(dir=folder, prefix=f".{path.name}.").cleanup()


def plain_text(name: str) -> str:
    """A name as text that UTF-8 can hold: file names and arguments may carry bytes that it cannot."""
    return name.encode("utf-8", "replace").decode()


def file_name(name: str) -> str:
    """A name as the stem of a file's that every system and address takes: small letters, digits, dots, hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower())[:64].strip("-.") or "texture"


def make_folder(path: Path) -> None:
    """Make a folder and its parents. Raises UserError where that cannot be."""
    with _explained(path):
        path.mkdir(parents=True, exist_ok=True)


def write_file(path: Path, content: bytes) -> None:
    """Replace or create a file in one move. Raises UserError where it cannot be written."""
    with _explained(path):
        make_folder(path.parent)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            _share(Path(temporary), 0o666)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed write_file has left in a folder or below."""
    with _explained(folder):
        for path in folder.rglob(".*"):
            if re.fullmatch(r"\..+\.[a-z0-9_]{8}", path.name) and path.is_file():
                path.unlink()


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Replace or create a folder in one move, with these files. Raises UserError where it cannot be written."""
    with _explained(path):
        make_folder(path.parent)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            for name, content in files.items():
                (temporary / name).parent.mkdir(exist_ok=True)
                (temporary / name).write_bytes(content)
            _share(temporary, 0o777)
            _replace_folder(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _replace_folder(new: Path, path: Path) -> None:
    """Move the old folder aside first: a folder cannot be renamed onto a full one."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as aside:
        old = Path(aside) / "old"
        try:
            if path.exists():
                path.rename(old)
            new.rename(path)
        except BaseException:
            if old.exists():
                old.rename(path)
            raise


def _share(path: Path, mode: int) -> None:
    """Give a temporary file, which is made private, the permissions that open() would have given it."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(mode & ~mask)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
