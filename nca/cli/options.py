"""Options and parameter types that several commands share."""

from pathlib import Path
from typing import Any

import click

__all__ = ["PATH", "Numbers", "Size", "device", "force", "rollout_seed", "source", "sources"]

PATH = click.Path(path_type=Path)

source = click.argument("source", type=PATH, metavar="RUN_OR_BUNDLE_OR_PAGE")
sources = click.argument("sources", type=PATH, metavar="RUN_OR_BUNDLE_OR_PAGE...", nargs=-1, required=True)

device = click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", help="Where torch computes."
)

force = click.option("--force", is_flag=True, help="Replace what stands at the output.")

rollout_seed = click.option("--seed", type=click.IntRange(0, (1 << 32) - 1), default=0, help="Seed of the masks.")


class Size(click.ParamType[tuple[int, int]]):
    """A grid as (width, height), from 256 or 320x200."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Parse, or fail with what was expected."""
        if isinstance(value, tuple):
            return value
        sides = value.lower().split("x")
        if len(sides) > 2 or not all(side.isdecimal() and 1 <= int(side) <= 4096 for side in sides):
            self.fail(f"{value!r}: expected cells such as 256 or 320x200, each side from 1 to 4096", param, ctx)
        return int(sides[0]), int(sides[-1])


class Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers of one kind by commas, as a tuple."""

    name = "numbers"

    def __init__(self, kind: type[int] | type[float]) -> None:
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Parse, or fail with what was expected."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self.kind(number) for number in value.split(","))
        except ValueError:
            self.fail(f"{value!r}: expected {'whole ' * (self.kind is int)}numbers by commas, such as 1,2", param, ctx)
