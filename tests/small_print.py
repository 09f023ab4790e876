"""Imported where kernels are forked for tests: figures that nobody looks at print in few pixels."""

from qilian.book import presentation

presentation.PRINT_DPI = 60
