"""A Sphinx extension: a site whose pages were rendered one by one is as if rendered at once.

Sphinx reads and writes the pages that changed. Others may show a title, a label or a number of
theirs, or list the works that they cite, and would stay as they were.
"""

import hashlib
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

_INDEX = "search.pickle"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx, once after `numbers`."""
    app.connect("builder-inited", restore)
    app.connect("env-get-updated", rewrite, priority=950)
    app.connect("html-collect-pages", forget)
    app.connect("build-finished", keep)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def restore(app: Sphinx) -> None:
    """Bring what `keep` kept of the last rendering."""
    last = Path(app.doctreedir, _INDEX)
    if last.is_file():
        app.env._search_index_index_entries = pickle.loads(last.read_bytes())


def keep(app: Sphinx, error: Exception | None) -> None:
    """Keep the entries of the index for the search, which Sphinx collects as it writes a page."""
    if error is None:
        entries = pickle.dumps(app.env._search_index_index_entries)
        Path(app.doctreedir, _INDEX).write_bytes(entries)


def forget(app: Sphinx) -> list[Any]:
    """Take words out of the search that no page has any more; add no page."""
    indexer = app.builder.indexer  # type: ignore[attr-defined]  # of HTML
    for words in (indexer._mapping, indexer._title_mapping):
        for word in [word for word, pages in words.items() if not pages]:
            del words[word]
    return []


def rewrite(app: Sphinx, env: BuildEnvironment) -> set[str]:
    """Name all pages where what they show of each other is not what it was when last written."""
    last = getattr(env, "qilian_shared", None)
    now = hashlib.blake2b("\n".join(shared(env)).encode()).hexdigest()
    env.qilian_shared = now  # type: ignore[attr-defined]
    return set() if last in (None, now) else env.found_docs


def shared(env: BuildEnvironment) -> Iterator[str]:
    """Describe what pages show of each other, in an order that does not depend on what was read."""
    for nodes in (env.titles, env.tocs):
        yield from sorted(f"{page} {node}" for page, node in nodes.items())
    data = env.domaindata
    named = [data["std"][kind] for kind in ("labels", "anonlabels", "terms", "objects")]
    for known in (env.toc_fignumbers, env.toc_secnumbers, data["py"]["objects"], *named):
        yield from sorted(map(repr, known.items()))
    yield repr(
        sorted({work.key for cited in data["cite"]["citation_refs"] for work in cited.targets})
    )
