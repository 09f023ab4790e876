"""Preloaded before all else that kernels share: libraries ask whether a notebook imports them."""

import builtins

builtins.__dict__["__IPYTHON__"] = True  # as IPython's shell says, which a kernel starts later
