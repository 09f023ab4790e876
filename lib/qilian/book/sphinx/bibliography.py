"""A Sphinx extension: the bibliography `author_year`, whose labels are those of the citations."""

from collections.abc import Iterable, Iterator
from typing import Any

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx

_NAMED = 2  # authors that a citation names; of more, the first


class AuthorYearLabels(BaseLabelStyle):
    """Labels such as "Ansari et al., 2021"."""

    def format_labels(self, sorted_entries: Iterable[Entry]) -> Iterator[str]:
        """Give each entry its label."""
        for entry in sorted_entries:
            people = entry.persons.get("author") or entry.persons["editor"]
            names = [" ".join(map(str, person.rich_last_names)) for person in people]
            several = f"{names[0]} et al." if len(names) > _NAMED else " and ".join(names)
            yield f"{several}, {entry.fields['year']}"


class AuthorYear(Style):
    """As `plain`, in the order of authors and years, with labels of authors and years."""

    default_label_style = AuthorYearLabels


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the style by its name."""
    register_plugin("pybtex.style.formatting", "author_year", AuthorYear)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
