"""Kernels that start with what notebooks import: forked from one process that has imported it.

A fork shares what was loaded and nothing that is done after, so that a notebook gets what it gets
in a kernel of its own, without the seconds of imports.
"""

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

import nbformat
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from qilian.archive.closure import modules_used
from qilian.book.chapters import Chapter, python_code

NAME = "qilian-forked"
# What a kernel loads before a notebook's first cell.
_ALWAYS = ("qilian.book._notebook", "ipykernel.kernelapp", "ipykernel.ipkernel")
# What packages load as they first draw, read or save, a second in every kernel that does so.
_LATER = (
    "dask.distributed",
    "holoviews.ipython.archive",
    "pandas.io.formats.style",
    "scipy.signal",
    "zarr.api.synchronous",
)


def fork_kernels(chapters: Iterable[Chapter]) -> None:
    """Have kernels forked from one process that has imported what notebooks import.

    For a command that ends with its run: what has been imported stays as it was, for all kernels
    that this process starts from now on. Where processes cannot be forked safely, kernels start as
    they always do.
    """
    notebooks = [nbformat.read(chapter.path, as_version=4).cells for chapter in chapters]
    modules = sorted({name for own in notebooks for name in modules_used(python_code(own))})
    later = _LATER if len(notebooks) > 1 else ()  # one alone loads what it needs of it
    if sys.platform == "linux":
        # Matplotlib settles on this as it is imported; a kernel sets it before.
        os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        # Several kernels use all cores; threads of linear algebra would wait for one another.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        # Kernels are killed when all is written; what they held is freed, and nobody need be told.
        sys.warnoptions.append("ignore:resource_tracker")
        _context().set_forkserver_preload([*_ALWAYS, *later, *modules])
        forkserver.ensure_running()
        KernelProvisionerFactory.instance().default_provisioner_name = NAME


def _context() -> ForkServerContext:
    return multiprocessing.get_context("forkserver")


class ForkedProvisioner(LocalProvisioner):
    """Provides a local kernel, forked instead of started."""

    process: Any

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel that does what the command would."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        process = _context().Process(
            target=_serve, args=(arguments, kwargs.get("cwd"), kwargs.get("env"))
        )
        process.start()
        self.process = _Forked(process)
        self.pid = process.pid
        return self.connection_info


class _Forked:
    """A forked process as `LocalProvisioner` handles one."""

    stdin = stdout = stderr = None

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None and self.pid:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _serve(arguments: list[str], folder: str | None, environment: dict[str, str] | None) -> None:
    """Be a kernel, in a process that was just forked."""
    from ipykernel.kernelapp import IPKernelApp

    os.environ.update(environment or {})
    os.environ["JPY_PARENT_PID"] = str(os.getppid())  # without whom the kernel ends
    os.chdir(folder or ".")
    gc.freeze()  # what was imported stays: the collector need not look through it
    app = IPKernelApp.instance()
    app.initialize(arguments)
    app.start()
