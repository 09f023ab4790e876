"""Weather: how it runs, and the files that stations and reanalyses make of it."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
