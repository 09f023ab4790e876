"""What a guess is: an entry of a catalogue, its keys, and the reason for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Key:
    """A key of an entry, its value, and why; one that is not `sure` is only proposed."""

    name: str
    value: str | float
    why: str
    sure: bool = True


@dataclass(frozen=True)
class Guess:
    """An entry that a catalogue could have.

    Attributes
    ----------
    entry, format : str
        As `READERS` names them.
    path : Path
        File or folder of the entry.
    files : sequence of Path
        What was recognised.
    why : str
        How.
    keys : sequence of Key
        Further keys, in their order.
    """

    entry: str
    format: str
    path: Path
    files: Sequence[Path]
    why: str
    keys: Sequence[Key] = ()
