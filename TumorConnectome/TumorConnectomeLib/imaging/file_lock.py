"""A lock between processes that the operating system drops when its owner ends, however it ends."""
import contextlib
import errno
import os
import pathlib
import sys

from ..base.errors import TumorConnectomeError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Busy(TumorConnectomeError):
    """Another request, of this or another process, is at it just now."""


@contextlib.contextmanager
def exclusive(path, what):
    """Hold the lock file `path` while the block runs, without waiting for it.

    The file itself stays: removing it would let two owners lock two files of one name.

    Parameters
    ----------
    path : path
        The lock file; it is made if needed.
    what : str
        What it protects, for the message: "the CT series 1.2.3".

    Raises
    ------
    Busy
        Somebody else holds it.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            _lock(handle)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise Busy(f"{what} is being fetched by another request; it will be there when that one is done") from None
            if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP):
                raise
            # a network drive without locks: go on, files still take their names only when they are whole
        yield
    finally:
        os.close(handle)                                # closing releases the lock


def _lock(handle):
    if sys.platform == "win32":
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
