"""nca render."""

from pathlib import Path

import click

from nca.cli.options import PATH, Size, force, rollout_seed

__all__ = ["render"]


@click.command()
@click.argument("source", type=PATH, metavar="RUN_OR_BUNDLE")
@click.option("-o", "--output", type=PATH, required=True, help="PNG file to write.")
@click.option("--size", type=Size(), default="256", show_default=True, help="Cells across and down, a pixel each.")
@click.option("--steps", type=click.IntRange(0), default=1000, help="Automaton steps to run.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps"]), default="auto", help="Where to run.")
@rollout_seed
@force
def render(source: Path, output: Path, size: tuple[int, int], steps: int, device: str, seed: int, force: bool) -> None:
    """Run a texture in torch and save what it looks like: a picture that tiles."""
    from nca.export.source import load_source
    from nca.files import check_output, write_file
    from nca.picture import picture_bytes
    from nca.rollout import pick_device, rgb_bytes, rollout, seed_state

    check_output(output, force=force)
    rule = load_source(source).rule
    state = rollout(rule, seed_state(rule, size[1], size[0], pick_device(device)), steps, seed=seed)
    write_file(output, picture_bytes(rgb_bytes(state)))
    click.echo(f"Saved {output}: {size[0]}x{size[1]} after {steps} steps")
