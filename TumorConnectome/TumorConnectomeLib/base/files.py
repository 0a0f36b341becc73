"""Atomic writes, safe names and the cache folder."""
import contextlib
import hashlib
import os
import pathlib
import re
import secrets
import shutil
import sys

from .errors import InputError

#: of the module: it holds the library and Resources
LIBRARY_FOLDER = pathlib.Path(__file__).resolve().parents[2]
#: PS3.5 section 9: digits and dots, at most 64 characters, no empty component
_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,127}")
_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{12}\.part", re.DOTALL)
#: functions that are told of each temporary file before it is made; see `temporaries_told`
_listeners = []


def checked_uid(text, *, source=None):
    """Return a DICOM UID as `str`, safe as a file name; raise InputError for anything else.

    Examples
    --------
    >>> checked_uid("1.2.840.113654\\0")
    '1.2.840.113654'
    >>> checked_uid("../etc")
    Traceback (most recent call last):
    TumorConnectomeLib.base.errors.InputError: '../etc' is not a DICOM UID; expected digits and dots, at most 64 characters
    """
    text = str(text).strip("\0 ")
    if len(text) > 64 or not _UID.fullmatch(text):
        raise InputError(f"{text[:80]!r} is not a DICOM UID", source=source, expected="digits and dots, at most 64 characters")
    return text


def checked_name(text, *, source=None):
    """Return a text that is safe as one path component; raise InputError for anything else."""
    text = str(text)
    if not _NAME.fullmatch(text) or text.endswith((".", " ")):
        raise InputError(f"{text[:80]!r} can not be a file name", source=source, expected="letters, digits, '.', '_', '-'")
    return text


@contextlib.contextmanager
def atomic_file(path, mode="wb", **options):
    """Open a temporary file beside `path`; it takes that name only if the block ends without an error."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_name(path)
    try:
        with _errors_name(path):
            handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o666)  # less umask
        with open(handle, mode, **options) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        with _errors_name(path):
            os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def atomic_folder(path):
    """Yield a temporary folder beside `path`; it takes that name only if the block ends without an error.

    If somebody else finished `path` meanwhile, theirs stays and ours is dropped.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_name(path)
    with _errors_name(path):
        temporary.mkdir()
    try:
        yield temporary
        try:
            with _errors_name(path):
                os.replace(temporary, path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary_name(path):
    temporary = path.parent / f".{path.name[:40]}.{secrets.token_hex(6)}.part"
    for tell in _listeners:
        tell(temporary)
    return temporary


@contextlib.contextmanager
def temporaries_told(tell):
    """While the block runs, `tell` is called with the path of each temporary file or folder before it is made.

    A process that is killed removes nothing. So a worker tells its parent, which calls `remove_temporaries` when the
    worker is gone.
    """
    _listeners.append(tell)
    try:
        yield
    finally:
        _listeners.remove(tell)


def is_temporary(path):
    """Whether a path has a name that `atomic_file` and `atomic_folder` give while they write."""
    return _TEMPORARY.fullmatch(pathlib.Path(path).name) is not None


def remove_temporaries(paths):
    """Remove those temporary files and folders that a process left when it ended; all other paths are left alone."""
    for path in map(pathlib.Path, paths):
        if not is_temporary(path):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()


@contextlib.contextmanager
def _errors_name(path):
    """The user knows `path`, not the temporary file beside it: errors name the first."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def visible_files(folder, pattern):
    """Paths in a folder that match a glob pattern, sorted; without hidden ones such as the "._" companions that macOS adds."""
    return sorted(path for path in pathlib.Path(folder).glob(pattern) if not path.name.startswith("."))


def list_files(folder):
    """Name, size and modification time (ns) of everything in a folder, by name: list of (str, int, int)."""
    with os.scandir(folder) as entries:
        return sorted((entry.name, entry.stat().st_size, entry.stat().st_mtime_ns) for entry in entries)


def sha256_of_files(paths):
    """Hexadecimal SHA-256 over the names and contents of files, in the order given."""
    digest = hashlib.sha256()
    for path in map(pathlib.Path, paths):
        digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        _digest_content(path, digest)
    return digest.hexdigest()


def sha256_of_file(path):
    """Hexadecimal SHA-256 of a file's content."""
    digest = hashlib.sha256()
    _digest_content(path, digest)
    return digest.hexdigest()


def _digest_content(path, digest):
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)


def default_cache_folder():
    """The folder for everything that can be made or downloaded again.

    ``TUMORCONNECTOME_CACHE`` if set, else the platform's per-user cache folder.
    """
    if chosen := os.environ.get("TUMORCONNECTOME_CACHE"):
        return pathlib.Path(chosen).expanduser()
    home = pathlib.Path.home()
    base = {"win32": os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local",
            "darwin": home / "Library" / "Caches"}.get(sys.platform) or os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return pathlib.Path(base) / "TumorConnectome"
