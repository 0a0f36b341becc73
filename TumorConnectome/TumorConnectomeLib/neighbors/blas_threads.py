"""Numpy's matrix products on one thread for a while, where tiles are spread over threads of our own instead.

OpenBLAS, which numpy's wheels bring, keeps its threads spinning for some 25 ms after each product. Between tiles that is all
the time: a search of 25,354 patients took 38 instead of 4 s of processor time on two cores that other programs used as well.
"""
from __future__ import annotations

import contextlib
import ctypes
import functools
import pathlib
from collections.abc import Iterator

import numpy as np

#: OpenBLAS in numpy's wheels since 2.0, before, and that of a distribution
_NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")
#: more threads wait for Python's lock
_MOST_THREADS = 8


@contextlib.contextmanager
def one_thread_per_product() -> Iterator[int]:
    """Let each matrix product use one thread; gives the number of threads for our own use, those that BLAS had.

    The number is 1, and nothing is changed, if numpy uses another BLAS than OpenBLAS: its products may use threads then.
    """
    functions = _functions()
    if functions is None:
        yield 1
        return
    get, put = functions
    before = get()
    put(1)
    try:
        yield max(1, min(before, _MOST_THREADS))
    finally:
        put(before)


@functools.cache
def _functions():
    """OpenBLAS's functions to get and to set the number of threads, or None."""
    for library in _libraries():
        for name in _NAMES:
            with contextlib.suppress(AttributeError):
                get, put = (getattr(library, name.format(verb)) for verb in ("get", "set"))
                get.restype, put.argtypes, put.restype = ctypes.c_int, [ctypes.c_int], None
                return get, put
    return None


def _libraries():
    """Libraries in which OpenBLAS's functions can be: the one that wheels bring, and what numpy's own is linked with."""
    package = pathlib.Path(np.__file__).parent
    files = [*package.parent.glob("numpy.libs/*openblas*"), *package.glob(".dylibs/*openblas*"),
             *package.glob("_core/_multiarray_umath*"), *package.glob("core/_multiarray_umath*")]
    for file in files:
        with contextlib.suppress(OSError):
            yield ctypes.CDLL(str(file))                # it is loaded already: this gives the same one
