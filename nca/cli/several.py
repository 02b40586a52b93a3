"""Training several pictures: `nca train` for each, in a process of its own, below one folder.

The folder's pictures.json tells how each run was begun, so that --resume also begins those that Ctrl-C kept waiting.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from nca.config import Config
from nca.errors import UserError
from nca.files import check_output, write_file

__all__ = ["is_set", "train"]

PICTURES = "pictures.json"
FORMAT = "nca-pictures-1"

Commands = dict[str, list[str]]  # what follows `nca train`, by the run's name


def is_set(output: Path) -> bool:
    """Whether several pictures were trained into this folder."""
    return (output / PICTURES).is_file()


def train(
    images: Sequence[Path],
    output: Path,
    jobs: int | None,
    settings: dict[str, Any],
    *,
    device: str,
    weights: Path | None,
    force: bool,
) -> None:
    """Train each image into output/NAME, `jobs` at a time; without images go on with those that are not done.

    Raises UserError where outputs cannot be written, before any is trained; where a picture fails, after all others.
    """
    if "WORLD_SIZE" in os.environ:
        raise UserError("torchrun is for one picture: name one, or train several without it")
    commands = _begin(images, output, settings, force=force) if images else _go_on(output, settings)
    where = ["--device", device, *_options({"weights": weights})]
    group = _Group(*_shares(len(commands), jobs, device))
    failed = group.run({name: [*command, *where, "-o", str(output / name)] for name, command in commands.items()})
    if group.stopped:
        raise UserError(f"stopped and saved; to go on: nca train --resume -o {output}")
    if failed:
        raise UserError(f"{len(failed)} of {len(commands)} pictures failed: {'; '.join(failed)}")
    click.echo(f"Saved {', '.join(str(output / name) for name in commands)}")


def _begin(images: Sequence[Path], output: Path, settings: dict[str, Any], *, force: bool) -> Commands:
    """Refuse what cannot work before any work is done, and note what is begun."""
    Config.chosen(settings)
    named = {image.stem: image for image in images}
    for image in images:
        other = next(each for each in images if each.stem.lower() == image.stem.lower())
        if other is not image:
            raise UserError(
                f"{other} and {image} would both train {output / image.stem}: rename one, or train it alone"
            )
    _check(output, named, force=force)
    runs = {name: [str(image.absolute()), *_options(settings)] for name, image in named.items()}
    content = {"format": FORMAT, "runs": (_runs(output) if is_set(output) else {}) | runs}
    write_file(output / PICTURES, json.dumps(content, indent=2).encode() + b"\n")
    return {name: [*command, *["--force"] * force] for name, command in runs.items()}


def _check(output: Path, names: Mapping[str, Path], *, force: bool) -> None:
    from nca.run import MODEL

    if (output / MODEL).exists():
        raise UserError(f"{output} is a run: expected a folder for the runs of several pictures")
    for name in names:
        check_output(output / name, force=force, marker=MODEL)


def _go_on(output: Path, changes: dict[str, Any]) -> Commands:
    from nca.run import MODEL, load_run

    commands: Commands = {}
    for name, begun in _runs(output).items():
        if not (output / name / MODEL).is_file():
            commands[name] = [*begun, *_options(changes)]
        elif changes or load_run(output / name).provenance.get("trained", {}).get("part") != 1:
            commands[name] = ["--resume", *_options(changes)]
    if not commands:
        raise UserError(
            f"all of {output} are trained to their ends: to train further, ask for more --steps or --minutes"
        )
    return commands


def _runs(output: Path) -> Commands:
    try:
        content = json.loads((output / PICTURES).read_bytes())
        if content["format"] != FORMAT:
            raise ValueError(f"format is {content['format']!r}: expected {FORMAT!r}")
        return {str(name): [str(each) for each in command] for name, command in content["runs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{output / PICTURES} is damaged ({error}): resume each run below {output} by itself") from None


def _options(settings: Mapping[str, Any]) -> list[str]:
    """Settings as the command line takes them."""
    texts = {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in settings.items()
        if value is not None
    }
    return [f"--{name.replace('_', '-')}={text}" for name, text in texts.items()]


def _shares(count: int, jobs: int | None, device: str) -> tuple[int, int]:
    """How many pictures train at a time, and each one's threads."""
    import torch

    from nca.rollout import pick_device

    cores = torch.get_num_threads()
    jobs = min(count, jobs or (cores if pick_device(device).type == "cpu" else 1))
    return jobs, max(1, cores // jobs)


@dataclass
class _Group:
    """Processes that train a picture each, `jobs` at a time. stopped: whether Ctrl-C was sent on to them."""

    jobs: int
    threads: int
    stopped: bool = False
    running: list["subprocess.Popen[str]"] = field(default_factory=list)

    def run(self, commands: Commands) -> list[str]:
        """Run all to their ends, showing what they say; what those that failed said last."""
        width = max(map(len, commands))
        with self._interrupt(), ThreadPoolExecutor(self.jobs) as pool:
            ends = pool.map(lambda name: self._follow(name.ljust(width), commands[name]), commands)
            return [f"{name} ({end.removeprefix('Error: ')})" for name, end in zip(commands, ends, strict=True) if end]

    def _follow(self, label: str, command: list[str]) -> str:
        """The last line of a run that failed; nothing for one that did not, or that has to wait for --resume."""
        last = ""
        if self.stopped:
            return last
        with self._start(command) as program:
            for line in program.stdout or ():
                last = line.strip() or last
                if not self.stopped:
                    click.echo(f"{label}  {line.rstrip()}", err=True)
        self.running.remove(program)
        return last if program.returncode else ""

    def _start(self, command: list[str]) -> "subprocess.Popen[str]":
        """In a session of its own: the terminal's Ctrl-C reaches it once, through us."""
        program = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", "nca", "train", *command],
            env={**os.environ, "OMP_NUM_THREADS": str(self.threads)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.running.append(program)
        if self.stopped:
            program.terminate()
        return program

    @contextmanager
    def _interrupt(self) -> Iterator[None]:
        """Send Ctrl-C on: the first lets each save and stop, the second ends them at once."""

        def send(*_: Any) -> None:
            self.stopped = True
            for program in list(self.running):
                program.send_signal(signal.SIGINT)

        before = signal.signal(signal.SIGINT, send)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
