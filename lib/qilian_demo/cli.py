"""The command `qilian demo`."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("data/demo"), show_default=True
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--scale", type=float, default=1.0, show_default=True, help="2: half the pixel size.")
def demo(out: Path, seed: int, scale: float) -> None:
    """Write the simulated archive."""
    from qilian_demo.write import write_archive  # help and other commands do without it

    write_archive(out, seed=seed, scale=scale)
    click.echo(f"simulated archive: {out}")
