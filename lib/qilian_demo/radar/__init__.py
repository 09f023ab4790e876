"""Radars: passes, delay, coherence, interferograms, and the layouts that processors write."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
