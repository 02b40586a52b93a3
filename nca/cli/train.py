"""nca train."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nca.cli import several
from nca.cli.options import PATH, Numbers, device, force
from nca.cli.progress import show_progress
from nca.config import AMP, FEATURES, PRESETS, Config
from nca.errors import UserError

if TYPE_CHECKING:
    from nca.record import Recorder

__all__ = ["train"]

PATIENCE = 1.0  # seconds that the first process has to say what failed: torchrun ends it when another has exited


class _Features(click.Choice[str]):
    """Features by name, or FILE.py:NAME or MODULE:NAME of the user's own."""

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """As help shows it."""
        return f"[{'|'.join(self.choices)}|FILE.py:NAME|MODULE:NAME]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """A file's whole path, since a run may be resumed from another folder."""
        if ":" not in value:
            return super().convert(value, param, ctx)
        from nca.own_features import absolute

        return absolute(value)


@click.command()
@click.argument("images", type=PATH, nargs=-1)
@click.option("-o", "--output", type=PATH, required=True, help="Run folder to write; for several IMAGES their parent.")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="Size of automaton and picture.  [default: small]")
@click.option("--channels", type=int, help="Values a cell: 4, 8, 12 or 16.")
@click.option("--hidden", type=int, help="Hidden units: a multiple of 4 up to 128.")
@click.option("--scale", type=float, help="Of the picture, up to 1; a pixel is a cell.  [default: by its detail]")
@click.option("--size", type=int, help="Largest side of the scaled picture in pixels; its middle counts.")
@click.option("--field", type=int, help="Side in cells of the trained states.")
@click.option("--steps", type=int, help="Optimisation steps.")
@click.option("--minutes", type=float, help="Train by the clock instead.")
@click.option("--batch", type=int, help="States an optimisation step.")
@click.option("--features", type=_Features(list(FEATURES)), help="What the loss compares.  [default: multiscale]")
@click.option(
    "--layer-weights", type=Numbers(float), help="Of the features' layers: 2 for multiscale, 3 for imagenet, 5 for vgg."
)
@click.option("--weights", type=PATH, help="Trained weights for vgg16 or vgg19, instead of a download.")
@device
@click.option("--amp", type=click.Choice(AMP), help="Precision of products.  [default: auto: fp16 on CUDA, else off]")
@click.option("--seed", type=int, help="Of everything random.  [default: 0]")
@click.option("--jobs", type=click.IntRange(min=1), help="IMAGES at a time.  [default: one a core, 1 on a GPU]")
@click.option("--resume", is_flag=True, help="Go on with what is at --output, its pictures and its settings.")
@force
def train(
    images: tuple[Path, ...],
    output: Path,
    device: str,
    weights: Path | None,
    jobs: int | None,
    resume: bool,
    force: bool,
    **settings: Any,
) -> None:
    """Train an automaton on the texture in each of IMAGES.

    Writes a run folder: weights, settings, log, previews, and what resuming needs. Ctrl-C saves and stops. Several
    IMAGES train side by side, each into the folder of its name below --output. For one IMAGE on several devices:
    torchrun --nproc-per-node N -m nca train IMAGE -o RUN.
    """
    settings = {name: value for name, value in settings.items() if value is not None}
    if {"steps", "minutes"} <= settings.keys():
        raise click.UsageError("--steps and --minutes exclude each other.")
    if resume:
        _require_none(images, settings, force)
    elif not images:
        raise click.UsageError("Missing argument 'IMAGES...'.")
    with _one_voice():
        if len(images) > 1 or (resume and several.is_set(output)):
            several.train(images, output, jobs, settings, device=device, weights=weights, force=force)
        else:
            _train_one(images, output, settings, device=device, weights=weights, force=force)


@contextmanager
def _one_voice() -> Iterator[None]:
    """All processes that torchrun has started fail at the same time: let the first alone raise the UserError."""
    try:
        yield
    except UserError:
        if int(os.environ.get("RANK", "0")) == 0:
            raise
        time.sleep(PATIENCE)
        raise SystemExit(1) from None


def _require_none(images: tuple[Path, ...], settings: dict[str, Any], force: bool) -> None:
    """All but how long to train comes from the run that is resumed."""
    refused = ["IMAGES"] * bool(images) + ["--force"] * force
    refused += [f"--{name.replace('_', '-')}" for name in settings if name not in ("steps", "minutes")]
    if refused:
        raise click.UsageError(f"--resume keeps the run's picture and settings: leave out {', '.join(refused)}")


def _train_one(
    images: tuple[Path, ...], output: Path, settings: dict[str, Any], *, device: str, weights: Path | None, force: bool
) -> None:
    """images: one, or none to resume."""
    from nca import session
    from nca.ranks import ranks
    from nca.rollout import pick_device

    with ranks(pick_device(device)) as ours:
        if images:
            config = Config.chosen(settings)
            recorder = session.begin(images[0], output, config, device=device, weights=weights, force=force, ranks=ours)
        else:
            recorder = session.resume(output, settings, device=device, weights=weights, ranks=ours)
        _run(recorder)


def _run(recorder: "Recorder") -> None:
    trainer = recorder.trainer
    speaks = trainer.ranks.index == 0
    if speaks:
        click.echo(_summary(recorder))
    for progress in show_progress(trainer):
        recorder(progress)
    recorder.save()
    trainer.ranks.agree(0, trainer.device)  # torchrun ends all when one exits: no one leaves before all is saved
    if trainer.part < 1:
        raise UserError(f"stopped and saved; to go on: nca train --resume -o {recorder.folder}")
    if speaks:
        click.echo(f"Saved {recorder.folder}; next: nca export {recorder.folder}")
        _look_ahead(recorder)


def _look_ahead(recorder: "Recorder") -> None:
    """Say whether the texture lasts, and keep the figures in its folder."""
    from nca.evaluate import AGES, SMALL_WINDOW, Judge, live
    from nca.files import write_file
    from nca.picture import load_picture
    from nca.run import LIFE, TARGET

    trainer, folder = recorder.trainer, recorder.folder
    judge = Judge(load_picture(folder / TARGET), SMALL_WINDOW)
    life, _ = live(trainer.automaton.rule(), judge, 64, AGES, seed=trainer.config.seed, device=trainer.device)
    write_file(folder / LIFE, json.dumps({**asdict(life), "complaint": life.complaint}, indent=2).encode() + b"\n")
    if life.complaint:
        click.echo(f"Warning: {folder} does not hold: {life.complaint}; train longer, or try --seed", err=True)
    else:
        back = f"half of it grows back in {life.healed}, from noise in {life.calmed}"
        click.echo(f"It holds for {max(life.style):,} steps, and {back}")


def _summary(recorder: "Recorder") -> str:
    config = recorder.trainer.config
    until = f"{config.steps} steps" if config.minutes is None else f"{config.minutes:g} minutes"
    return (
        f"Training {recorder.folder} on {recorder.picture}, {recorder.trainer.target.shape[-1]} px "
        f"at scale {config.scale:.2f}: "
        f"{config.channels} channels, {config.hidden} hidden, {recorder.trainer.automaton.rule().parameters:,} "
        f"parameters, field {config.field}, {config.features}, {until}, on {_where(recorder)}"
    )


def _where(recorder: "Recorder") -> str:
    kind, count = recorder.trainer.device.type, recorder.trainer.ranks.count
    return kind if count == 1 else f"{kind} in {count} processes"
