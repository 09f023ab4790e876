"""Pages on what each room lists, in the words of its docstrings; nothing is imported for them."""

import ast
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent, indent


def public_names(room: Path) -> dict[str, list[str]]:
    """Read which names a room lists, by the module that defines them.

    Parameters
    ----------
    room : Path
        Folder of the room, whose stub `__init__.pyi` imports each of its public names.
    """
    stub = ast.parse((room / "__init__.pyi").read_text())
    return {
        str(node.module): [alias.name for alias in node.names]
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
    }


def room_purpose(room: Path) -> str:
    """Read the sentence that says what a room is for."""
    return _docstring(ast.parse((room / "__init__.py").read_text()))


def api_page(room: Path) -> str:
    """Write the page of one room in reStructuredText: module by module, each of its public names.

    Parameters
    ----------
    room : Path
        Folder of the room.
    """
    page = f".. default-role:: code\n\n{_heading(room.name, '=')}{room_purpose(room)}\n\n"
    page += f".. code-block:: python\n\n   from qilian import {room.name}\n\n"
    page += f".. py:currentmodule:: qilian.{room.name}\n\n"
    for module, names in public_names(room).items():
        source = room.joinpath(*module.split(".")).with_suffix(".py").read_text()
        tree = ast.parse(source)
        entries = _entries(tree.body, source)
        page += _heading(module, "-") + _docstring(tree) + "\n\n"
        page += "".join(entries[name] for name in names)
    return page


def _heading(title: str, line: str) -> str:
    return f"{title}\n{line * len(title)}\n\n"


def _docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> str:
    from sphinx.ext.napoleon import Config, NumpyDocstring  # slow to import where none is written

    text = ast.get_docstring(node) or ""
    sections = Config(napoleon_use_ivar=True, napoleon_use_rtype=False)
    return str(NumpyDocstring(text, sections))  # type: ignore[arg-type]  # as its manual does


def _entries(
    body: Sequence[ast.stmt], source: str, function: str = "function", variable: str = "data"
) -> dict[str, str]:
    """Describe what a module or a class defines, by name."""
    entries = {}
    for node in body:
        match node:
            case ast.FunctionDef(name=name):
                taken = ast.unparse(node.args).removeprefix("self").removeprefix(", ")
                returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
                head = f"{function}:: {name}({taken}){returned}"
                if any(ast.unparse(mark).endswith("property") for mark in node.decorator_list):
                    head = f"{variable}:: {name}"
                entries[name] = _entry(head, _docstring(node))
            case ast.ClassDef(name=name):
                members = _entries(node.body, source, "method", "attribute").items()
                public = "".join(text for member, text in members if member[0] != "_")
                entries[name] = _entry(f"class:: {name}", f"{_docstring(node)}\n\n{public}")
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind):
                text = _comment(node, source)
                entries[name] = _entry(f"{variable}:: {name}\n   :type: {ast.unparse(kind)}", text)
            case ast.Assign(targets=[ast.Name(id=name)]):
                lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
                code = indent(dedent("\n".join(lines)), "   ")
                text = f"{_comment(node, source)}\n\n.. code-block:: python\n\n{code}"
                entries[name] = _entry(f"{variable}:: {name}", text)
    return entries


def _comment(node: ast.stmt, source: str) -> str:
    """Comment on the last line of an assignment."""
    return source.splitlines()[(node.end_lineno or 0) - 1].partition("  # ")[2]


def _entry(head: str, text: str) -> str:
    return f".. py:{head}\n\n{indent(text, '   ')}\n\n"
