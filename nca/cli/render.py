"""nca render."""

from pathlib import Path

import click

from nca.cli.options import PATH, Size, device, force, rollout_seed, source

__all__ = ["render"]


@click.command()
@source
@click.option("-o", "--output", type=PATH, required=True, help="PNG file to write.")
@click.option("--size", type=Size(), default="256", show_default=True, help="Cells across and down, a pixel each.")
@click.option("--steps", type=click.IntRange(0), default=1000, help="Automaton steps to run.")
@device
@rollout_seed
@force
def render(source: Path, output: Path, size: tuple[int, int], steps: int, device: str, seed: int, force: bool) -> None:
    """Run a texture in torch and save what it looks like: a picture that tiles."""
    from nca.export.source import load_source
    from nca.files import check_output, write_file
    from nca.picture import picture_bytes
    from nca.rollout import pick_device, rgb_bytes, rollout, seed_state

    if output.suffix.lower() != ".png":
        raise click.BadParameter(f"{output}: expected a name that ends in .png", param_hint="--output")
    check_output(output, force=force)
    rule = load_source(source).rule
    state = rollout(rule, seed_state(rule, size[1], size[0], pick_device(device)), steps, seed=seed)
    write_file(output, picture_bytes(rgb_bytes(state)))
    click.echo(f"Saved {output}: {size[0]}x{size[1]} after {steps} steps")
