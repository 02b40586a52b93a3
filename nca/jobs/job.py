"""The training of one of several pictures, and the interface of the places where it can happen."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Executor", "Job"]


@dataclass(frozen=True)
class Job:
    """The training of one picture.

    folder: the run folder. picture: None to resume the run in the folder.
    options: of `nca train`. force: whether an older run in the folder is replaced.
    """

    folder: Path
    picture: Path | None
    options: tuple[str, ...]
    force: bool = False

    @property
    def name(self) -> str:
        """The run's."""
        return self.folder.name

    def arguments(self) -> list[str]:
        """Of `nca train`."""
        source = "--resume" if self.picture is None else str(self.picture)
        return [source, *self.options, *["--force"] * self.force, "-o", str(self.folder)]


class Executor(Protocol):
    """A place where pictures train. Its methods are called from several threads."""

    def train(self, job: Job, say: Callable[[str], None]) -> str:
        """Train a picture into its run folder, and call `say` with each line of progress.

        Returns the last line if that failed; nothing if it succeeded, or waits for --resume.
        """

    def stop(self) -> None:
        """Let each training save and stop. A second call ends them at once. It is called by a signal: do not wait."""
