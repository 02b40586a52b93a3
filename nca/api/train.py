"""Training: `nca.train`."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, overload

from nca.api.checks import StrPath, as_path, as_paths, check_range
from nca.api.texture import Texture, load
from nca.callbacks.progress import Progress, write_line
from nca.callbacks.trackers.registry import check_trackers
from nca.errors import UsageError, UserError
from nca.features.registry import AUTO, chosen_features
from nca.files import check_output
from nca.jobs.pictures import holds_jobs, train_pictures
from nca.named import absolute
from nca.run import MODEL
from nca.swap import recover_folder
from nca.threads import wait_asleep
from nca.training.callback import Callback, Interrupted
from nca.training.config import Config

if TYPE_CHECKING:
    from nca.callbacks.recorder import Recorder
    from nca.training.ranks import Ranks

__all__ = ["Options", "fit", "train"]


class Options(TypedDict, total=False):
    """The types of `train`'s options, whose result depends on its pictures."""

    preset: str | None
    channels: int | None
    hidden: int | None
    scale: float | None
    size: int | None
    detail: int | None
    field: int | None
    steps: int | None
    minutes: float | None
    batch: int | None
    pool: int | None
    features: str | None
    layer_weights: Sequence[float] | None
    weights: StrPath | None
    device: str
    amp: str | None
    capture: str | None
    seed: int | None
    jobs: int | None
    scheduler: str | None
    resume: bool
    callbacks: Sequence[Callback | str]
    log_to: Sequence[str]
    live: bool
    force: bool


SETTINGS = ("preset", *(each.name for each in fields(Config)))


@overload
def train(images: StrPath, output: StrPath, **options: Unpack[Options]) -> Texture: ...


@overload
def train(
    images: Sequence[StrPath] = (), output: StrPath = "", **options: Unpack[Options]
) -> Texture | list[Texture]: ...


def train(
    images: StrPath | Sequence[StrPath] = (),
    output: StrPath = "",
    *,
    preset: str | None = None,
    channels: int | None = None,
    hidden: int | None = None,
    scale: float | None = None,
    size: int | None = None,
    detail: int | None = None,
    field: int | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    batch: int | None = None,
    pool: int | None = None,
    features: str | None = None,
    layer_weights: Sequence[float] | None = None,
    weights: StrPath | None = None,
    device: str = "auto",
    amp: str | None = None,
    capture: str | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    callbacks: Sequence[Callback | str] = (),
    log_to: Sequence[str] = (),
    live: bool = False,
    force: bool = False,
) -> Texture | list[Texture]:
    """Train an automaton on the texture in a picture, and write a run folder.

    The run folder has weights, settings, log, previews, and the state for resuming. Ctrl-C saves and stops. At the end
    training checks whether the texture is stable: `texture.stability` (docs/quality.md). docs/training.md explains the
    settings, and names the sources of the method.

    images: the file of a picture. Several train at the same time, in processes of their own, each into a folder with
    its name below the output; then the result is a list of textures.
    output: the run folder to write.
    preset: tiny, small (default) or full: size of automaton and picture, which the next settings change.
    channels: values of each cell, 4, 8, 12 or 16. hidden: units, a multiple of 4 up to 128.
    scale: of the picture, up to 1; one pixel is one cell. By default chosen by the picture's detail.
    size: largest side of the scaled picture, 16 to 1024 px; of a larger one the middle is used. 256 by default.
    detail: pixels of a cell, across and down, which a decoder draws: 1 (no decoder), 2 or 4; by default chosen by the
    picture's pixels.
    field: side of the trained states, 16 to 1024 cells.
    steps: optimisation steps. minutes: train by the clock instead.
    batch: states in each optimisation step. pool: states kept between steps, at least the batch; 32 by default.
    features: what the loss compares: imagenet, multiscale, vgg16, vgg19, or FILE.py:NAME of yours; auto (default) is
    imagenet where its weights are installed, else multiscale.
    layer_weights: of the features' layers. weights: a file with trained weights for vgg16 or vgg19.
    device: auto, cpu, cuda or mps. amp: precision of matrix products: auto (default), off, fp16 or bf16.
    capture: off (default), or auto: rollouts as CUDA graphs, where that works.
    seed: of everything random, 0 to 2^32 - 1; 0 by default.
    jobs: pictures that train at a time; by default one on each core, and one on a GPU.
    scheduler: the address of a Dask cluster, such as tcp://10.0.0.5:8786, whose workers train the pictures.
    resume: continue the training at the output, with its pictures and settings. Only the length may change.
    callbacks: objects, or FILE.py:NAME of yours. Several pictures take the latter alone, and nca.Progress().
    log_to: trackio, wandb or tensorboard, each in its process, or FILE.py:NAME of a tracker of yours, an nca.Tracker.
    live: show the texture while it learns, as the callback nca.Live() does; of one picture.
    force: replace an existing output.

    Raises UserError if a picture or a setting cannot be used, if the output cannot be written, if training diverges,
    and, after saving, if it was interrupted.

    >>> texture = nca.train("examples/lava.png", "runs/lava", preset="tiny", size=16, field=16, steps=2)
    >>> texture, texture.stability["stable"]
    (Texture(lava: 4 channels, 8 hidden, 4x4 pixels a cell), False)
    """
    given = locals()
    wait_asleep()
    settings = {name: given[name] for name in SETTINGS if given[name] is not None}
    paths, folder, log_to = as_paths(images), as_path(output), [*map(absolute, log_to)]
    _check(paths, output, settings, resume, force)
    _check_callbacks(callbacks)
    if jobs is not None:
        check_range(jobs=(jobs, 1, None))
    check_trackers(log_to)
    if not resume:
        settings["features"] = chosen_features(features or AUTO)
    options: dict[str, Any] = {"device": device, "weights": None if weights is None else Path(weights), "force": force}
    if len(paths) > 1 or (resume and holds_jobs(folder)):
        if live:
            raise UsageError("--live shows the training of one picture.")
        how: dict[str, Any] = {"scheduler": scheduler, "log_to": log_to}
        return _train_pictures(paths, folder, jobs, settings, callbacks, **how, **options)
    if scheduler is not None:
        raise UsageError("--scheduler shares out several pictures: name more than one, or leave it out")
    watched = [*callbacks, _live()] if live else callbacks
    _train_picture(paths[0] if paths else None, folder, settings, watched, log_to, **options)
    return load(folder)


def _check(paths: Sequence[Path], output: StrPath, settings: dict[str, Any], resume: bool, force: bool) -> None:
    """Refuse arguments that do not fit together."""
    if not output:
        raise UsageError("Missing option '-o' / '--output'.")
    if {"steps", "minutes"} <= settings.keys():
        raise UsageError("--steps and --minutes exclude each other.")
    if not resume and not paths:
        raise UsageError("Missing argument 'IMAGES...'.")
    refused = ["IMAGES"] * bool(paths) + ["--force"] * force
    refused += [f"--{name.replace('_', '-')}" for name in settings if name not in ("steps", "minutes")]
    if resume and refused:
        raise UsageError(f"--resume keeps the run's picture and settings: leave out {', '.join(refused)}")


def _check_callbacks(callbacks: Sequence[Callback | str]) -> None:
    """Refuse what is no list of callbacks, such as a class in place of its object."""
    several = isinstance(callbacks, Sequence) and not isinstance(callbacks, str)
    for each in callbacks if several else [callbacks]:
        if not several or not isinstance(each, Callback | str):
            raise UserError(f"callbacks hold {str(each)[:60]}: expected a list of objects such as nca.Progress()")


def _train_pictures(
    paths: Sequence[Path],
    output: Path,
    jobs: int | None,
    settings: dict[str, Any],
    callbacks: Sequence[Callback | str],
    **options: Any,
) -> list[Texture]:
    from nca.lock import locked

    shown = [each for each in callbacks if isinstance(each, Progress)]
    named = [absolute(each) for each in callbacks if isinstance(each, str)]
    if len(shown) + len(named) < len(callbacks):
        raise UserError("several pictures train in processes of their own: name your callbacks as FILE.py:NAME")
    say = write_line if shown else lambda _: None
    with locked(output):
        folders = train_pictures(paths, output, jobs, settings, callbacks=named, say=say, **options)
    return [load(folder) for folder in folders]


def _train_picture(
    image: Path | None,
    output: Path,
    settings: dict[str, Any],
    callbacks: Sequence[Callback | str],
    log_to: Sequence[str],
    *,
    device: str,
    weights: Path | None,
    force: bool,
) -> None:
    """image: None to resume."""
    from nca.api.start import begin, resume
    from nca.callbacks.custom import CustomCallback
    from nca.callbacks.stability import CheckStability
    from nca.callbacks.trackers.log_to import LogTo

    made = [CustomCallback(each) if isinstance(each, str) else each for each in callbacks]
    with LogTo(*log_to) as logged, _joined(image, output, device, force) as ranks:
        if image:
            config = Config.chosen(settings)
            recorder = begin(image, output, config, device=device, weights=weights, force=force, ranks=ranks)
        else:
            recorder = resume(output, settings, device=device, weights=weights, ranks=ranks)
        fit(recorder, [*made, CheckStability(), logged])


def _live() -> Callback:
    from nca.callbacks.live.live import Live

    return Live()


@contextmanager
def _joined(image: Path | None, output: Path, device: str, force: bool) -> "Iterator[Ranks]":
    """The processes that train together; the first one holds the lock of the output."""
    from nca.device import pick_device
    from nca.lock import locked
    from nca.training.ranks import join_ranks

    if image:
        check_output(output, force=force, marker=MODEL)
    else:
        recover_folder(output)
    with join_ranks(pick_device(device)) as ranks, locked(output) if ranks.index == 0 else nullcontext():
        yield ranks


def fit(recorder: "Recorder", callbacks: Sequence[Callback] = ()) -> None:
    """Train and save. Ctrl-C, SIGTERM and SIGHUP stop training after a step, which is the same for all processes.

    Raises UserError if training diverges, and after saving if it was interrupted.
    """
    from nca.callbacks.interrupts import StopOnSignals

    trainer = recorder.trainer
    with ExitStack() as ends:  # also after an error
        stop = ends.enter_context(StopOnSignals())
        for each in callbacks:
            if isinstance(each, AbstractContextManager):
                ends.enter_context(each)
        trainer.fit([recorder, stop, *callbacks])
    trainer.ranks.agree(0, trainer.device)  # wait for all: torchrun ends the others when one process exits
    if trainer.progress < 1 and isinstance(trainer.stopped, Interrupted):
        raise UserError(f"stopped and saved; to continue: nca train --resume -o {recorder.folder}")
