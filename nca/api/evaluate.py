"""Measuring: `nca.evaluate`."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nca.api.checks import LAST_SEED, StrPath, check_detail, check_range
from nca.api.texture import Source, Texture, load
from nca.errors import UserError
from nca.rule.decoder import DETAILS
from nca.threads import wait_asleep
from nca.training.config import Config

if TYPE_CHECKING:
    from nca.evaluation.stability import Evaluation

__all__ = ["evaluate"]

SHORT, LONG = (128, (200, 1000)), (512, (200, 1000, 10_000))  # cells on each side, and ages


def evaluate(
    source: Source,
    picture: StrPath | NDArray[np.uint8] | None = None,
    *,
    detail: int | None = None,
    long: bool = False,
    device: str = "auto",
    seed: int = 0,
    log_to: Sequence[str] = (),
) -> "Evaluation":
    """Measure how much a texture looks like its picture, whether it is stable, and how fast it heals.

    source: a texture, or the path of a run folder, a bundle or an exported page.
    picture: the file of the picture to compare with, or its pixels, (height, width, 3) uint8; by default the run's
    target.png.
    detail: pixels of a cell that are judged, 1, 2, 4 or 8; by default the decoder's.
    long: 512x512 cells for 10,000 steps, many minutes on a CPU, instead of 128x128 for 1,000.
    device: auto, cpu, cuda or mps. seed: of the update masks, 0 to 2^32 - 1.
    log_to: trackers that have the run, because it was trained with them: the figures are added there.

    The result's `texture` and `perfect` are the figures of the texture, and of one half of the picture beside the
    other: do not expect better ones. `style` is the texture's; `stability` says how it ages and heals.
    docs/quality.md explains the figures, and names their sources.

    Raises UserError if there is no picture to compare with, it has too few pixels, or no tracker has the run.

    >>> found = nca.evaluate("examples/lava.nca.json", "examples/lava.png")
    >>> found.style < found.stability.shuffled
    True
    """
    wait_asleep()
    from nca.callbacks.trackers.figures import add_figures, check_tracked
    from nca.device import pick_device
    from nca.evaluation.stability import Comparison
    from nca.evaluation.stability import evaluate as measured
    from nca.picture import load_picture, require_texture, taken_pixels

    check_range(seed=(seed, 0, LAST_SEED))
    check_detail(detail)
    given, name = None, "the picture"
    if isinstance(picture, str | PathLike):
        given, name = load_picture(Path(picture)), str(picture)
    elif picture is not None:
        given = taken_pixels(picture)
    if given is not None:
        require_texture(given, name)
    where, texture = pick_device(device), load(source)
    check_tracked(log_to, texture.path)
    shown, pixels = _picture(texture, given, detail)
    comparison = Comparison(shown, decoder=texture.decoder, detail=pixels)
    size, ages = LONG if long else SHORT
    found = measured(texture.rule, comparison, size, ages, seed=seed, device=where)
    add_figures(log_to, texture.path, {"evaluate": found.fields()}, _trained_steps(texture))
    return found


def _picture(texture: Texture, given: NDArray[np.uint8] | None, detail: int | None) -> tuple[NDArray[np.uint8], int]:
    """The picture that the texture is compared with, and its pixels a cell.

    It is the run's own picture, or a given one at the scale in the texture's provenance.
    """
    from nca.picture import has_detail, natural_scale, scale_picture

    decoded, name = texture.bundle.detail, texture.path or texture.name
    if given is None:
        given = texture.picture
        if given is None:
            raise UserError(f"{name} holds no picture to compare with: name it with --picture FILE")
        scale, size = 1 / decoded, len(given)
    else:
        scale, size = _trained_scale(texture) or natural_scale(given), Config.size
    enough = [each for each in DETAILS if has_detail(given, scale, each)]
    if detail and detail not in enough:
        raise UserError(f"the picture has no {detail} pixels for each cell of {name}: name a larger one by --picture")
    detail = detail or max(each for each in enough if each <= decoded)
    return scale_picture(given, scale, size, detail), detail


def _trained_steps(texture: Texture) -> int:
    """The optimisation steps in the provenance, which may hold anything."""
    trained = texture.provenance.get("trained")
    step = trained.get("step") if isinstance(trained, dict) else None
    return step if isinstance(step, int) else 0


def _trained_scale(texture: Texture) -> float | None:
    """The picture's scale in the provenance, which may hold anything: where it was sharpened, or trained."""
    for part in ("decoder", "config"):
        settings = texture.provenance.get(part)
        scale = settings.get("scale") if isinstance(settings, dict) else None
        if isinstance(scale, float) and 0 < scale <= 1:
            return scale
    return None
