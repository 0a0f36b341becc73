"""Opens text files that may be compressed (gzip, bzip2, xz, Zstandard, a zip with one file), whatever their name says."""
from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pathlib
import zipfile
import zlib

from ..base.errors import InputError, PackageMissing
from .embedding_file import checked_size

#: ends of names of compressed files, after that of the text in them
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip")
TEXT = (".csv", ".tsv", ".txt")
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "Zstandard", b"PK\3\4": "zip"}


def kind_of(path) -> str:
    """The ending of a file's name in small letters; that of the text for a compressed text: ".csv" of ``a.csv.gz``."""
    path = pathlib.Path(path)
    kind, inner = path.suffix.lower(), pathlib.Path(path.stem).suffix.lower()
    if kind not in COMPRESSED or not inner:
        return kind
    return inner if inner in TEXT else inner + kind


def stem_of(path) -> str:
    """A file's name without its ending: "a" of ``a.csv.gz``."""
    path = pathlib.Path(path)
    return pathlib.Path(path.stem).stem if path.suffix.lower() in COMPRESSED else path.stem


def is_compressed(path) -> bool:
    """Whether a file is compressed, by its first bytes."""
    return bool(_form_of(path))


def _form_of(path):
    with open(path, "rb") as stream:
        start = stream.read(8)
    return next((form for magic, form in _MAGIC.items() if start.startswith(magic)), "")


def open_bytes(path):
    """A binary stream of the file's plain content.

    Raises
    ------
    InputError
        The zip has no or several files. While reading: the content is damaged, or absurdly larger than the file.
    PackageMissing
        Zstandard needs pyarrow.
    """
    form = _form_of(path)
    if not form:
        return open(path, "rb")
    return io.BufferedReader(_Checked(_opened(path, form), path, form), 1 << 17)


def open_text(path, encoding: str, newline: str | None = None):
    """A text stream of the file's plain content; see `open_bytes`."""
    return io.TextIOWrapper(open_bytes(path), encoding, newline=newline)


def _opened(path, form):
    if form == "gzip":
        return gzip.open(path)
    if form == "bzip2":
        return bz2.open(path)
    if form == "xz":
        return lzma.open(path)
    if form == "Zstandard":
        try:
            import pyarrow
        except ModuleNotFoundError as error:
            raise PackageMissing(f"{pathlib.Path(path).name}: Zstandard needs the Python package pyarrow, which is not "
                                 "installed", "pyarrow") from error
        return pyarrow.input_stream(str(path), compression="zstd")
    try:
        archive = zipfile.ZipFile(path)
        names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if len(names) != 1 or kind_of(names[0]) not in TEXT:
            raise InputError(f"the zip holds {', '.join(names)[:160] or 'nothing'}", source=path,
                             expected="one table; unpack it for more")
        return archive.open(names[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, form, error) from None


def _damaged(path, form, error):
    return InputError(f"its {form} content is damaged ({str(error)[:80] or type(error).__name__})", source=path,
                      expected="a complete file")


class _Checked(io.RawIOBase):
    """The content of a compressed file, as long as it is sound and not absurdly much."""

    def __init__(self, inner, path, form):
        self._inner, self._path, self._form = inner, path, form
        self._stored, self._read = pathlib.Path(path).stat().st_size, 0

    def readable(self):
        return True

    def readinto(self, buffer):
        try:
            data = self._inner.read(len(buffer))
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, ValueError) as error:
            raise _damaged(self._path, self._form, error) from None
        self._read += len(data)
        checked_size(self._read, self._stored, self._path)
        buffer[:len(data)] = data
        return len(data)

    def close(self):
        self._inner.close()
        super().close()
