"""The one door: a catalogue that names data, readers of real formats, and products kept."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
