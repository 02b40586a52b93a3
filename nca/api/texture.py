"""A texture and its states: `nca.Texture`, `nca.load`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nca.api.checks import LAST_SEED, StrPath, as_path, check_detail, check_range, grid
from nca.export.bundle import Bundle
from nca.export.source import load_source
from nca.jsontext import parse_json
from nca.reading import read_file
from nca.rule.decoder import Decoder
from nca.rule.rule import Rule
from nca.run import STABILITY, TARGET

if TYPE_CHECKING:
    from PIL.Image import Image

    from nca.evaluation.stability import Evaluation
    from nca.export.check.verify import Report
    from nca.export.widget import Widget

__all__ = ["Source", "State", "Texture", "load"]


@dataclass(frozen=True, eq=False)
class State:
    """The cells of a texture after some steps.

    values: (C, height, width) int16, in [-2047, 2047], of units of 1/1024; row 0 is at the top.
    pixels: (height * d, width * d, 3) uint8, sRGB, with d x d pixels for each cell; it tiles.
    steps, seed: of the run that led here. It is the same run as that of a browser, bit for bit.

    >>> state = nca.gallery["lava"].rollout(20, size=(48, 32), seed=7)
    >>> state.values.shape, state.pixels.shape, state.image.size
    ((12, 32, 48), (128, 192, 3), (192, 128))
    """

    values: NDArray[np.int16]
    pixels: NDArray[np.uint8]
    steps: int
    seed: int

    @property
    def image(self) -> "Image":
        """The pixels as a Pillow image."""
        from PIL.Image import fromarray

        return fromarray(self.pixels)

    def _repr_png_(self) -> bytes:
        """The picture, for a notebook."""
        from nca.picture import picture_bytes

        return picture_bytes(self.pixels)


@dataclass(frozen=True, eq=False)
class Texture:
    """A texture: a rule, its decoder if it has one, and where both come from.

    bundle: all that a page needs of it.
    path: of the run folder, bundle or page that holds it; None for one that ships or is not saved.

    In a notebook it shows itself alive, beside its picture. A click or a drag erases cells.

    >>> texture = nca.gallery["bricks"]
    >>> texture
    Texture(bricks: 12 channels, 96 hidden)
    """

    bundle: Bundle
    path: Path | None = None

    def __repr__(self) -> str:
        """Its name and sizes."""
        detail = f", {self.bundle.detail}x{self.bundle.detail} pixels a cell" if self.bundle.detail > 1 else ""
        return f"Texture({self.name}: {self.rule.channels} channels, {self.rule.hidden} hidden{detail})"

    @property
    def name(self) -> str:
        """Its name for people."""
        return self.bundle.name

    @property
    def rule(self) -> Rule:
        """The automaton, as integers."""
        return self.bundle.rule

    @property
    def decoder(self) -> Decoder | None:
        """What paints several pixels for each cell; None where a cell is a pixel."""
        return self.bundle.decoder

    @property
    def provenance(self) -> dict[str, Any]:
        """The picture, the settings and the figures of its training; anything that JSON holds."""
        return self.bundle.provenance

    @property
    def picture(self) -> NDArray[np.uint8] | None:
        """The picture that its run was trained on, (side, side, 3); None if it does not come from a run folder."""
        from nca.picture import load_picture

        target = self.path and self.path / TARGET
        return load_picture(target) if target and target.is_file() else None

    @property
    def stability(self) -> dict[str, Any] | None:
        """The check at the end of training: `stable`, `reason`, `style` by age, `healed` and `calmed` in steps.

        None if no training of this texture ended here. docs/quality.md explains the figures.
        """
        found = self.path and self.path / STABILITY
        return parse_json(read_file(found)) if found and found.is_file() else None

    def rollout(
        self,
        steps: int = 1000,
        *,
        size: int | tuple[int, int] = 256,
        detail: int | None = None,
        device: str = "auto",
        seed: int = 0,
    ) -> State:
        """Grow the texture from nothing.

        steps: of the automaton, from 0.
        size: of the grid on a torus: cells across and down, or the side of a square; 1 to 4096 each.
        detail: pixels of a cell in the picture, 1, 2, 4 or 8; by default those that its decoder was trained for.
        device: auto, cpu, cuda or mps. All of them compute the same bits.
        seed: of the update masks, 0 to 2^32 - 1.

        Raises UserError if an argument is out of range.

        >>> state = nca.gallery["zebra"].rollout(10, size=32, detail=1)
        >>> state.pixels.shape, str(state.pixels.dtype)
        ((32, 32, 3), 'uint8')
        """
        from nca.device import pick_device
        from nca.model.rollout import rollout
        from nca.rule.decode import decode
        from nca.rule.reference import seed_state

        check_range(steps=(steps, 0, None), seed=(seed, 0, LAST_SEED))
        check_detail(detail)
        width, height = grid(size)
        steps, seed, detail = int(steps), int(seed), int(detail or self.bundle.detail)
        state = rollout(self.rule, seed_state(self.rule, height, width, pick_device(device)), steps, seed=seed)
        return State(state.cpu().numpy().astype(np.int16), decode(self.decoder, state, detail), steps, seed)

    def export(
        self,
        output: StrPath | None = None,
        *,
        format: str | None = None,  # noqa: A002
        title: str | None = None,
        force: bool = False,
    ) -> Path:
        """Write the texture for browsers and engines, as `nca.export_textures` does. Returns the file or folder."""
        from nca.api.export import export_textures

        return export_textures(self, output, format=format, title=title, force=force)

    def evaluate(
        self,
        picture: StrPath | NDArray[np.uint8] | None = None,
        *,
        detail: int | None = None,
        long: bool = False,
        device: str = "auto",
        seed: int = 0,
        log_to: Sequence[str] = (),
    ) -> "Evaluation":
        """Measure how much it looks like its picture, and whether it is stable, as `nca.evaluate` does."""
        from nca.api.evaluate import evaluate

        return evaluate(self, picture, detail=detail, long=long, device=device, seed=seed, log_to=log_to)

    def verify(self, **options: Any) -> "Report":
        """Compare the texture in a browser with torch, value by value. The options are those of `nca.verify`."""
        from nca.api.verify import verify

        return verify(self, **options)

    def widget(self, **options: Any) -> "Widget":
        """The texture for a notebook, alive. The options are those of `nca.widget`."""
        from nca.export.widget import Widget

        return Widget(self.bundle, **options)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """For a notebook: alive where anywidget is installed, else a picture of it."""
        from nca.api.notebook import shown

        return shown(self, **options)


Source = StrPath | Texture | Bundle | Rule


def load(source: Source) -> Texture:
    """Read a texture.

    source: a run folder, a bundle `NAME.nca.json`, or an exported page; `page.html#NAME` selects one of a page's
    textures, and the first is taken otherwise. A Bundle or a Rule becomes a texture, too.

    Raises UserError if it is none of these, or is damaged, or holds several runs.

    >>> nca.load("examples/lava.nca.json").rule.channels
    12
    """
    if isinstance(source, Texture):
        return source
    if isinstance(source, Bundle):
        return Texture(source)
    if isinstance(source, Rule):
        return Texture(Bundle.of(source, "Texture"))
    path = as_path(source)
    return Texture(load_source(path), path)
