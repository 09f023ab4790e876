"""Sphinx extensions of the rendered book."""
