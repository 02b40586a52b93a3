"""Writing files and folders whole or not at all: under a temporary name first, then moved into place."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import IO

from nca.errors import UserError
from nca.ours import keep_others
from nca.reading import special
from nca.swap import recover_folder, replace_folder

__all__ = [
    "check_output",
    "file_name",
    "make_folder",
    "one_line",
    "plain_text",
    "sweep",
    "sweep_beside",
    "write_file",
    "write_folder",
]

HOUR = 3600.0  # seconds: no file takes so long to write
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)")  # names that Windows keeps for devices, with any ending
NEW = ".nca-new"  # ends the name of what is not yet in place, which nothing else has


def check_output(path: Path, *, force: bool, marker: str | None = None) -> None:
    """Raise UserError, before any work is done, if an output exists already or cannot be written.

    marker: for an output folder, the file that identifies folders of ours. With --force only those are replaced, and
    only regular files: a device, a pipe or a symbolic link would be lost.
    """
    if not path.name:
        raise UserError(f"{str(path)!r} names no file or folder to write: expected a name, such as runs/bricks")
    if path.name == "-":
        raise UserError("- is stdout, which takes only single files of nca export: expected the name of an output")
    with _explained(path):
        recover_folder(path)
        if path.is_dir() and marker is None:
            raise UserError(f"{path} is a folder: expected the name of a file to write")
        if path.is_dir() and marker and any(path.iterdir()) and not (path / marker).is_file():
            raise UserError(f"{path} is a folder without {marker}, so it is not replaced: choose another name")
        if path.is_file() and marker:
            raise UserError(f"{path} is a file: expected the name of a folder to write")
        if os.path.lexists(path) and (kind := special(path.lstat().st_mode)):
            raise UserError(f"{path} is a {kind}, which is never replaced: choose another name")
        if not force and path.exists():
            raise UserError(f"{path} exists already: choose another name, or replace it with --force")
        sweep_beside(path, older=HOUR)
        _try_name(path)


def _try_name(path: Path) -> None:
    """Create and remove a temporary folder in the nearest existing parent, as writing will do. This leaves nothing."""
    folder = next(parent for parent in path.absolute().parents if os.path.lexists(parent))
    tempfile.TemporaryDirectory(dir=folder, prefix=f".{path.name}.", suffix=NEW).cleanup()


def plain_text(name: str) -> str:
    """A name as valid UTF-8 text. File names and arguments can contain bytes that are not."""
    return name.encode("utf-8", "replace").decode()


def one_line(text: str) -> str:
    """A text from a file on one line, with escapes for what a terminal could take for commands."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def file_name(name: str) -> str:
    """A name as the stem of a file name, valid on all systems and in URLs: small letters, digits, dots, hyphens."""
    stem = re.sub(r"[^a-z0-9.]+", "-", name.lower())[:64].strip("-.")
    return f"texture-{stem}" if DEVICE.match(stem) else stem or "texture"


def make_folder(path: Path) -> None:
    """Create a folder and its parents. Raises UserError if this fails."""
    with _explained(path):
        path.mkdir(parents=True, exist_ok=True)


def write_file(path: Path, content: bytes) -> None:
    """Create or replace a file in one move, and wait until it is on the disk. Raises UserError if that fails."""
    with _explained(path):
        make_folder(path.parent)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=NEW)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _fill(file, content)
            _share(Path(temporary), 0o666)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        _settle(path.parent)


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Create or replace a folder with these files in one move, and wait until it is on the disk.

    Files that none of our commands writes stay in a folder that is replaced. Raises UserError if that fails.
    """
    with _explained(path):
        make_folder(path.parent)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=NEW))
        try:
            for name, content in files.items():
                (temporary / name).parent.mkdir(exist_ok=True)
                with (temporary / name).open("wb") as file:
                    _fill(file, content)
            keep_others(path, temporary)
            _share(temporary, 0o777)
            replace_folder(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        _settle(path.parent)


def _fill(file: IO[bytes], content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Windows and some network disks cannot."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed `write_file` calls left in a folder and below."""
    with _explained(folder):
        for path in folder.rglob(f".*{NEW}"):
            if path.is_file():
                path.unlink()


def sweep_beside(path: Path, older: float = 0) -> None:
    """Remove the temporary files and folders that killed calls left beside an output.

    older: seconds since they were changed; 0 if nobody else writes the output now.
    """
    latest = time.time() - older
    for each in path.absolute().parent.glob(f".{escape(path.name)}.????????{NEW}"):
        with suppress(FileNotFoundError):  # another process sweeps, too
            if older and each.lstat().st_mtime > latest:
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink()


def _share(path: Path, mode: int) -> None:
    """Give a temporary file, which is private, the permissions of a file that open() creates."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(mode & ~mask)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
