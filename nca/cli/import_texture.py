"""nca import."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nca.api.importing import import_automata
from nca.cli.options import PATH, command, force

if TYPE_CHECKING:
    from nca.importing.run import Imported

__all__ = ["import_command"]


class _Only(click.ParamType[tuple[str, ...]]):
    """Names separated by commas."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Split."""
        return tuple(value.split(",")) if isinstance(value, str) else tuple(value)


@command("import", import_automata)
@click.argument("files", type=PATH, nargs=-1, required=True)
@click.option(
    "-o", "--output", type=PATH, required=True, help="Run folder to write; for several automata their parent."
)
@click.option("--only", type=_Only(), help="Names in a set of 8-bit models, separated by commas.  [default: all]")
@click.option(
    "--order",
    type=click.Choice(["channels", "filters"]),
    help="Of the first layer's inputs: the kernels of a channel, or the channels of a kernel, side by side.",
)
@click.option("--kernels", type=float, help="Divisor of the Sobel and Laplacian kernels, 1 or 8.")
@click.option("--laplacian", type=float, help="Centre of the Laplacian before it is divided.  [default: -12]")
@click.option("--offset", type=click.FloatRange(-1, 1), help="Colour less state.  [default: 0.5]")
@click.option("--update-rate", type=click.FloatRange(1 / 256, 1), help="Part of the cells in a step.  [default: 0.5]")
@click.option("--picture", type=PATH, help="Of the texture: trains the rule a little further on it.")
@click.option("--channels", type=int, help="Of a file of bare float32 numbers, with --hidden.")
@click.option("--hidden", type=int, help="Hidden units of a file of bare float32 numbers.")
@force
def import_command(**arguments: Any) -> None:
    """Take automata that other programs trained, as run folders.

    Each of FILES is a state dict (.pt, .pth, .safetensors, .npz), a set of 8-bit models (.json), or bare float32
    numbers with --channels and --hidden. The command runs the automaton to recognise what the files do not say, unless
    an option says it. docs/import.md explains what fits.
    """
    import_automata(
        **arguments,
        begin=lambda found: click.echo(f"{found.name}: {found.about}"),
        done=lambda folder, imported: click.echo(_cost(folder, imported)),
    )


def _cost(folder: Path, imported: "Imported") -> str:
    cost, mended = imported.cost, imported.repair
    repaired = f"; repaired from {mended.before:.3f} to {mended.after:.3f} of its picture" if mended else ""
    return (
        f"Saved {folder}: its update differs by {100 * imported.error:.1f} %, its texture by {cost.style:.3f} in style "
        f"where two runs of the original differ by {cost.chance:.3f}; both in {folder / 'import.png'}{repaired}"
    )
