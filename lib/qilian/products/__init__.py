"""What several pages need and no one should compute twice: all science that opens an archive."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
