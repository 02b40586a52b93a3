"""A decoder for a finished texture: `nca.sharpen`."""

from collections.abc import Callable
from typing import Any

from nca.api.checks import LAST_SEED, StrPath, as_path, check_detail, check_range
from nca.api.texture import Source, Texture, load
from nca.export.bundle import Bundle
from nca.export.proof import proved
from nca.features.registry import AUTO
from nca.files import check_output, write_file, write_folder
from nca.lock import locked
from nca.run import MODEL
from nca.threads import wait_asleep

__all__ = ["sharpen"]

BUNDLE = ".json"


def sharpen(
    source: Source,
    picture: StrPath,
    output: StrPath,
    *,
    detail: int | None = None,
    scale: float | None = None,
    features: str = AUTO,
    seed: int = 0,
    force: bool = False,
    progress: Callable[[float], Any] = lambda _: None,
) -> Texture:
    """Fit a decoder to a finished texture, which then shows several pixels for each cell.

    The automaton does not change, bit for bit. It takes about a minute of one core. A sharpened run cannot be trained
    further.

    source: a texture, or the path of a run folder, a bundle or an exported page.
    picture: the file of the picture of the training, with all its pixels.
    output: the run folder to write, or a bundle: a name that ends in .json.
    detail: pixels of a cell, 1, 2, 4 or 8; by default as many as the picture has, up to 4.
    scale: of the picture, above 0, up to 1; one pixel is one cell. By default as trained.
    features: what the loss compares, as in `nca.train`: by default imagenet where its weights are installed.
    seed: of everything random, 0 to 2^32 - 1. force: replace an existing output.
    progress: called with the fraction that is done, in (0, 1].

    Raises UserError if the picture cannot be used or the output cannot be written.

    >>> sharp = nca.sharpen("examples/lava.nca.json", "lava_512.png", "runs/crisp")
    >>> sharp.decoder.detail
    4
    """
    wait_asleep()
    from nca.training.sharpened import Sharpening, run_files, sharpen_texture

    check_range(seed=(seed, 0, LAST_SEED))
    check_detail(detail)
    output = as_path(output)
    bundled = output.suffix.lower() == BUNDLE
    check_output(output, force=force, marker=None if bundled else MODEL)
    chosen = {"detail": detail, "scale": scale, "features": features, "seed": seed}
    how = Sharpening(**{name: value for name, value in chosen.items() if value is not None})  # type: ignore[arg-type]
    with locked(output):
        texture = load(source)
        done = sharpen_texture(texture.rule, texture.provenance, as_path(picture), how, progress)
        bundle = Bundle(texture.name, done.rule, done.provenance, done.decoder)
        if bundled:
            write_file(output, proved(bundle).to_json().encode())
        else:
            write_folder(output, run_files(done, texture.path))
    return load(output)
