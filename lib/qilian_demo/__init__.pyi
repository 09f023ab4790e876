from .headwaters import Ground, make_ground
from .write import write_archive

__all__ = ["Ground", "make_ground", "write_archive"]
