"""Options and parameter types of several commands."""

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import click

from nca.api.checks import LARGEST, LAST_SEED
from nca.callbacks.trackers.registry import TRACKERS
from nca.errors import UsageError
from nca.features.registry import is_custom

__all__ = [
    "PATH",
    "CodeName",
    "Detail",
    "FeaturesName",
    "Numbers",
    "Size",
    "command",
    "device",
    "force",
    "log_to",
    "rollout_seed",
    "source",
    "sources",
]

PATH = click.Path(path_type=Path)


class _Command(click.Command):
    """A client of the API: arguments that do not fit together are wrong usage."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            if error.argument:
                raise click.BadParameter(str(error), ctx, param_hint=f"--{error.argument}") from None
            raise click.UsageError(str(error), ctx) from None


def command(name: str, function: Callable[..., Any], **rest: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command that is a client of a function of the API. Its options have the defaults of that function's arguments.

    rest: for click.
    """

    def decorate(callback: Callable[..., Any]) -> click.Command:
        made = click.command(name, cls=_Command, **rest)(callback)
        defaults = {each.name: each.default for each in signature(function).parameters.values()}
        for option in made.params:
            if option.name in defaults and isinstance(option, click.Option) and not option.required:
                option.default = _text(defaults[option.name])
        return made

    return decorate


def _text(default: Any) -> Any:
    """As a user would type it."""
    return ",".join(map(str, default)) or None if isinstance(default, tuple) else default


source = click.argument("source", type=PATH, metavar="RUN_OR_BUNDLE_OR_PAGE")
sources = click.argument("sources", type=PATH, metavar="RUN_OR_BUNDLE_OR_PAGE...", nargs=-1, required=True)

device = click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), help="Device for torch.")

force = click.option("--force", is_flag=True, help="Replace an existing output.")

rollout_seed = click.option("--seed", type=click.IntRange(0, LAST_SEED), help="Seed of the update masks.")


log_to = click.option(
    "--log-to",
    multiple=True,
    metavar=f"[{'|'.join(TRACKERS)}|FILE.py:NAME]",
    help="An experiment tracker to log to, or one of yours; can be given several times.",
)


class Detail(click.Choice[str]):
    """Pixels of a cell, across and down; "auto" becomes None."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number, or None."""
        if value is None or isinstance(value, int):
            return value
        chosen = super().convert(value, param, ctx)
        return None if chosen == "auto" else int(chosen)


class FeaturesName(click.Choice[str]):
    """The name of an extractor, or FILE.py:NAME or MODULE:NAME of custom features."""

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The choices as help shows them."""
        return f"[{'|'.join(self.choices)}|FILE.py:NAME|MODULE:NAME]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Make the path of a file absolute, because a run may be resumed from another folder."""
        if not is_custom(value):
            return super().convert(value, param, ctx)
        from nca.named import absolute

        return absolute(value)


class CodeName(click.ParamType[str]):
    """FILE.py:NAME or MODULE:NAME of code of a user's."""

    name = "FILE.py:NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Make the path of a file absolute, because pictures of a set train in processes of their own."""
        from nca.named import absolute

        if not is_custom(value):
            self.fail(f"{value!r}: expected FILE.py:NAME or MODULE:NAME", param, ctx)
        return absolute(value)


class Size(click.ParamType[int | tuple[int, int]]):
    """A grid: the side of a square such as 256, or (width, height) from 320x200."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | tuple[int, int]:
        """Parse, or fail and name what was expected."""
        sides = str(value).lower().split("x")
        if len(sides) > 2 or not all(side.isdecimal() and 1 <= int(side) <= LARGEST for side in sides):
            self.fail(f"{value!r}: expected cells such as 256 or 320x200, each side from 1 to 4096", param, ctx)
        return int(sides[0]) if len(sides) == 1 else (int(sides[0]), int(sides[1]))


class Numbers(click.ParamType[tuple[float, ...]]):
    """Numbers separated by commas, as a tuple."""

    name = "numbers"

    def __init__(self, kind: type[int] | type[float]) -> None:
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Parse, or fail and name what was expected."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self.kind(number) for number in value.split(","))
        except ValueError:
            self.fail(
                f"{value!r}: expected {'whole ' * (self.kind is int)}numbers separated by commas, such as 1,2",
                param,
                ctx,
            )
