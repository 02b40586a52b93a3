"""Training several pictures, with run folders below one output folder.

The output folder's pictures.json stores the command of each run. So --resume also starts those that had to wait.
"""

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nca.errors import UserError
from nca.files import check_output, write_file
from nca.jobs.cluster import Cluster, connect
from nca.jobs.group import Group
from nca.jobs.job import Job
from nca.jobs.processes import Processes
from nca.jsontext import parse_json
from nca.reading import read_file
from nca.run import MODEL, PICTURES, Run, load_run
from nca.training.config import Config

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["holds_jobs", "train_pictures"]

FORMAT = "nca-pictures-1"

Commands = dict[str, list[str]]  # a picture and options of `nca train`, by the run's name


def holds_jobs(output: Path) -> bool:
    """Whether this is the output folder of several pictures."""
    return (output / PICTURES).is_file()


def train_pictures(
    images: Sequence[Path],
    output: Path,
    jobs: int | None,
    settings: dict[str, Any],
    *,
    scheduler: str | None,
    device: str,
    weights: Path | None,
    force: bool,
    callbacks: Sequence[str] = (),
    log_to: Sequence[str] = (),
    say: Callable[[str], None],
) -> list[Path]:
    """Train each image into output/NAME, `jobs` at a time, and return the run folders.

    images: none to resume the runs that are not finished.
    callbacks: names of callbacks of the user's, which each process makes anew. log_to: of trackers, as well.
    jobs: None for one on each core, or one on a GPU; on a cluster for as many as its workers take.
    scheduler: the address of a Dask cluster's; None to train in processes on this machine.
    say: called with each line of the processes' output.

    Raises UserError before training if an output cannot be written or no scheduler answers, and after training if a
    picture failed.
    """
    if "WORLD_SIZE" in os.environ:
        raise UserError("torchrun is for one picture: name one, or train several without it")
    named = [*(f"--callback={name}" for name in callbacks), *(f"--log-to={name}" for name in log_to)]
    where = ["--device", device, *_options({"weights": weights and weights.absolute()}), *named]
    with nullcontext() if scheduler is None else connect(scheduler) as client:
        begun = _begin(images, output, settings, force=force) if images else _resume(output, settings)
        group = _group(client, len(begun), jobs, device, say)
        failed = group.run([replace(job, options=(*job.options, *where)) for job in begun])
    if group.stopped:
        raise UserError(f"stopped and saved; to continue: nca train --resume -o {output}")
    if failed:
        raise UserError(f"{len(failed)} of {len(begun)} pictures failed: {'; '.join(failed)}")
    return [job.folder for job in begun]


def _begin(images: Sequence[Path], output: Path, settings: dict[str, Any], *, force: bool) -> list[Job]:
    """Raise UserError before training if something cannot work; else store the commands."""
    from nca.picture import STDIN, check_name

    Config.chosen(settings)
    for image in images:
        check_name(image)
        if image == STDIN:
            raise UserError("- is stdin, which one picture alone can come from: train it by itself")
    named = {image.stem: image for image in images}
    for image in images:
        other = next(each for each in images if each.stem.lower() == image.stem.lower())
        if other is not image:
            raise UserError(
                f"{other} and {image} would both train {output / image.stem}: rename one, or train it alone"
            )
    _check(output, named, force=force)
    runs = {name: [str(image.absolute()), *_options(settings)] for name, image in named.items()}
    content = {"format": FORMAT, "runs": (_runs(output) if holds_jobs(output) else {}) | runs}
    write_file(output / PICTURES, json.dumps(content, indent=2).encode() + b"\n")
    return [_new(output / name, command, force=force) for name, command in runs.items()]


def _check(output: Path, names: Mapping[str, Path], *, force: bool) -> None:
    if (output / MODEL).exists():
        raise UserError(f"{output} is a run: expected a folder for the runs of several pictures")
    for name in names:
        check_output(output / name, force=force, marker=MODEL)


def _new(folder: Path, command: Sequence[str], *, force: bool = False) -> Job:
    picture, *options = command
    return Job(folder, Path(picture), tuple(options), force)


def _resume(output: Path, changes: dict[str, Any]) -> list[Job]:
    jobs = []
    for name, begun in _runs(output).items():
        folder, more = output / name, _options(changes)
        if not (folder / MODEL).is_file():
            jobs.append(_new(folder, [*begun, *more]))
        elif changes or not _is_finished(load_run(folder)):
            jobs.append(Job(folder, None, tuple(more)))
    if not jobs:
        raise UserError(
            f"all runs in {output} are trained to their end: to train them further, ask for more --steps or --minutes"
        )
    return jobs


def _is_finished(run: Run) -> bool:
    trained = run.provenance.get("trained", {})
    return bool(trained.get("progress", trained.get("part")) == 1)  # older runs call it "part"


def _runs(output: Path) -> Commands:
    try:
        content = parse_json(read_file(output / PICTURES))
        if content["format"] != FORMAT:
            raise ValueError(f"format is {content['format']!r}: expected {FORMAT!r}")
        return {_checked(name): _checked_command(command) for name, command in content["runs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error)[:200]
        raise UserError(f"{output / PICTURES} is damaged ({reason}): resume each run below {output} alone") from None


def _checked(name: str) -> str:
    """The name of a folder below another one. Raises ValueError."""
    if name in ("", ".", "..") or re.search(r"[/\\:\0]", name):
        raise ValueError(f"run {name[:60]!r}: expected the name of a folder")
    return name


def _checked_command(command: list[str]) -> list[str]:
    """A picture and settings, as `_begin` stores them: no other option of `nca train`. Raises ValueError."""
    image, *options = (str(each) for each in command)
    settings = {"preset", *(field.name.replace("_", "-") for field in fields(Config))}
    for option in options:
        name, mark, _ = option.removeprefix("--").partition("=")
        if not option.startswith("--") or not mark or name not in settings or "\0" in option:
            raise ValueError(f"option {option[:60]!r}: expected --SETTING=VALUE")
    if not image or image.startswith("-") or "\0" in image:
        raise ValueError(f"picture {image[:60]!r}: expected a file")
    return [image, *options]


def _options(settings: Mapping[str, Any]) -> list[str]:
    """Settings as options of the command line."""
    texts = {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        for name, value in settings.items()
        if value is not None
    }
    return [f"--{name.replace('_', '-')}={text}" for name, text in texts.items()]


def _group(client: "Client | None", count: int, jobs: int | None, device: str, say: Callable[[str], None]) -> Group:
    """The place where `count` pictures train."""
    if client:
        if not client.nthreads():
            say("The cluster has no workers yet: the pictures wait for one")
        return Group(Cluster(client), jobs or count, say)
    jobs, threads = _shares(count, jobs, device)
    return Group(Processes(threads), jobs, say)


def _shares(count: int, jobs: int | None, device: str) -> tuple[int, int]:
    """The number of pictures that train at a time, and the threads of each."""
    import torch

    from nca.device import pick_device

    cores = torch.get_num_threads()
    jobs = min(count, jobs or (cores if pick_device(device).type == "cpu" else 1))
    return jobs, max(1, cores // jobs)
