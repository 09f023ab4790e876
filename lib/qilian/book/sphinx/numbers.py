"""A Sphinx extension: figures and tables carry the supplement's own numbers.

The figure of page S5 is Figure S5, further ones are S5.2 and so on; its tables are S5.1, S5.2 and
so on. The table that gives its page the name is Table S1. On other pages they are counted from 1.
`{numref}` finds them by their labels, as Sphinx does; what has no label has no number.
"""

import copy
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

_FIGURE_PAGE = re.compile(r"notebooks/s(\d+)_")
_TABLE_PAGE = "notebooks/table_s1"
_UNNAMED = re.compile(r"id\d+")  # given by docutils to what no label names, which is not counted


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx, before and after it counts."""
    app.connect("env-get-updated", restore, priority=100)
    app.connect("env-get-updated", number, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def restore(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Give Sphinx its own last count, so that it sees what changed since; name no page."""
    env.toc_fignumbers = getattr(env, "qilian_counted", {})
    return []


def number(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Put the supplement's numbers in place of Sphinx's count; name no page."""
    env.qilian_counted = copy.deepcopy(env.toc_fignumbers)  # type: ignore[attr-defined]
    for page, kinds in env.toc_fignumbers.items():
        for kind, numbered in kinds.items():
            labels = [label for label in numbered if not _UNNAMED.fullmatch(label)]
            kinds[kind] = {
                label: (value,)  # type: ignore[misc]
                for label, value in zip(labels, numbers(page, kind), strict=False)
            }
    return []


def numbers(page: str, kind: str) -> Iterator[str]:
    """Numbers of a page's figures or tables, one after the other.

    Examples
    --------
    >>> from itertools import islice
    >>> list(islice(numbers("notebooks/s05_recession", "figure"), 3))
    ['S5', 'S5.2', 'S5.3']
    >>> list(islice(numbers("notebooks/s05_recession", "table"), 2))
    ['S5.1', 'S5.2']
    """
    found = _FIGURE_PAGE.match(page)
    own = f"S{int(found[1])}" if found else "S1" if page == _TABLE_PAGE else ""
    further = "T1." if page == _TABLE_PAGE else f"{own}." if own else ""
    names_page = bool(own) and kind == ("figure" if found else "table")
    if names_page:
        yield own
    for n in count(2 if names_page else 1):
        yield f"{further}{n}"
