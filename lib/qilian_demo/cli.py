"""The command `qilian demo`."""

from pathlib import Path

import click


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("data/demo"), show_default=True
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--scale", type=float, default=1.0, show_default=True, help="2: half the pixel size.")
@click.option(
    "--delay-memory",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.0,
    show_default=True,
    help="Correlation of Sentinel-1's delay with that of twelve days before.",
)
def demo(out: Path, seed: int, scale: float, delay_memory: float) -> None:
    """Write the simulated archive."""
    from qilian_demo.write import write_archive  # help and other commands do without it

    write_archive(out, seed=seed, scale=scale, delay_memory=delay_memory)
    click.echo(f"simulated archive: {out}")
