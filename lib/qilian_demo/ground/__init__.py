"""The ground: terrain, land cover, its motion, the places on it, and an antenna above it."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
