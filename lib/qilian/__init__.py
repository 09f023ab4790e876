"""Permafrost ground and rivers from InSAR, GNSS reflectometry, pictures and streamflow recession.

The names below are what a newcomer needs first; the rooms hold the rest.
"""

from importlib.metadata import version as _version

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
__version__ = _version("qilian-supplement")
