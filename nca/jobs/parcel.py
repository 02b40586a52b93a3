"""A training as bytes, for a worker that shares no disk with us, and the run folder on its way back."""

from dataclasses import dataclass, replace
from pathlib import Path

from nca import __version__
from nca.errors import UserError
from nca.files import NEW, write_file, write_folder
from nca.jobs.job import Job
from nca.run import CONFIG, LOG, MODEL, STATE, TARGET

__all__ = ["Answer", "Parcel", "collect", "deliver", "pack"]


@dataclass(frozen=True)
class Parcel:
    """A job with the files that it needs, by name: the picture, or the run to resume. version: that of this package."""

    job: Job
    files: dict[str, bytes]
    version: str = __version__

    def unpack(self, folder: Path) -> Job:
        """Write the files below a folder that is empty, and return the job that trains there."""
        there = replace(self.job, folder=folder / "runs" / self.job.name)
        if self.job.picture:
            there = replace(there, picture=folder / self.job.picture.name)
        for name, content in self.files.items():
            write_file((folder if there.picture else there.folder) / name, content)
        return there

    def at_home(self, there: Job, line: str) -> str:
        """A line that names the files of the user, where the program names those of the job over there."""
        if there.picture:
            line = line.replace(str(there.picture), str(self.job.picture))
        return line.replace(str(there.folder), str(self.job.folder))


@dataclass(frozen=True)
class Answer:
    """What came of a job. end: the last line if it failed. files: of its run folder, by their paths below it."""

    end: str
    files: dict[str, bytes]


def pack(job: Job) -> Parcel:
    """Raises UserError if a file cannot be read."""
    paths = [job.picture] if job.picture else [job.folder / name for name in (CONFIG, LOG, TARGET, MODEL, STATE)]
    try:
        return Parcel(job, {path.name: path.read_bytes() for path in paths})
    except OSError as error:
        raise UserError(f"{error.filename} cannot be read: {error.strerror}") from None


def collect(folder: Path) -> dict[str, bytes]:
    """The files of a run folder, if it is there; the state last, as in a save."""
    paths = sorted((path for path in folder.rglob("*") if path.is_file()), key=lambda path: path.name == STATE)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if not path.name.endswith(NEW)}


def deliver(job: Job, files: dict[str, bytes]) -> None:
    """Write a run folder that came back: a new one in one move, into one that was resumed file by file, as a save does.

    Raises UserError if that fails.
    """
    if job.picture and files:
        write_folder(job.folder, files)
    else:
        for name, content in files.items():
            write_file(job.folder / name, content)
