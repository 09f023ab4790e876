"""A Sphinx extension: formulas become MathML as the book is rendered, so that no script is needed.

Every browser of today draws MathML. The font that it draws them in comes from `fonts`.
"""

from typing import Any

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

_CONVERTER = LatexToMathML(fancy_error=False)
_LOGGER = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the extension to Sphinx; `html_math_renderer` names it."""
    app.add_html_math_renderer("mathml", (write_inline, None), (write_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_inline(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula of a sentence."""
    writer.body.append(f'<span class="math">{_converted(node, display=False)}</span>')
    raise nodes.SkipNode


def write_display(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that stands alone."""
    writer.body.append(f'<div class="math">{_converted(node, display=True)}</div>\n')
    raise nodes.SkipNode


def _converted(node: nodes.Element, *, display: bool) -> str:
    try:
        return mathml(node.astext(), display=display)
    except LatexError as error:
        _LOGGER.warning("formula %r: %s", node.astext(), error, location=node)
        return ""


def mathml(tex: str, *, display: bool) -> str:
    r"""Convert a formula.

    Parameters
    ----------
    tex : str
        Without its dollars.
    display : bool
        Whether it stands alone, with limits below its sums.

    Raises
    ------
    LatexError
        The converter does not know a command.

    Examples
    --------
    >>> mathml(r"\bar w", display=False)
    '<math><mover><mi>w</mi><mo stretchy="false">¯</mo></mover></math>'
    """
    converted = _CONVERTER.convert_with_local_state(tex, displaystyle=display)
    # As an accent, a bar is drawn through the letter below it.
    return converted.replace('<mover accent="true">', "<mover>")
