"""The published NLST-Sybil cohort: which files it is made of, and whether files are those."""
from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Iterable
from dataclasses import dataclass

from ..base.errors import InputError
from ..base.files import LIBRARY_FOLDER, checked_name, default_cache_folder

LIST_FILE = LIBRARY_FOLDER / "Resources" / "Cohorts" / "nlst-sybil.json"
#: folder under the cache for whole published cohorts: its content is not evicted with the images
CACHE_PART = "published"
#: environment variables: another list of files, and an address that replaces that of the list; for mirrors and tests
LIST_VARIABLE, BASE_VARIABLE = "TUMORCONNECTOME_COHORT_LIST", "TUMORCONNECTOME_COHORT_BASE"


@dataclass(frozen=True)
class PublishedFile:
    """One file of a published cohort.

    Parameters
    ----------
    name : str
        File name here.
    path : str
        Address below the cohort's base.
    blob : str
        git blob id, 40 hexadecimal digits.
    size : int or None
        Bytes, where they are known.
    sha256 : str
        Hexadecimal digits, where they are known, else "".
    """

    name: str
    path: str
    blob: str
    size: int | None = None
    sha256: str = ""

    @property
    def model(self) -> str:
        """Name of the embedding model."""
        return self.name.removesuffix("_features.pkl")


@dataclass(frozen=True)
class PublishedCohort:
    """A cohort that can be downloaded and verified.

    Parameters
    ----------
    name, title, repository, commit, license : str
        What it is and where it comes from.
    base : str
        Address of the files, ends in "/".
    files : tuple of PublishedFile
    """

    name: str
    title: str
    repository: str
    commit: str
    license: str
    base: str
    files: tuple[PublishedFile, ...]

    @property
    def place(self) -> pathlib.PurePath:
        """Its folder, relative to the cache."""
        return pathlib.PurePath(CACHE_PART, self.commit[:12], self.name)

    def folder(self) -> pathlib.Path:
        """Where it is kept on this computer, downloaded or not."""
        return default_cache_folder() / self.place

    def local(self, data_folder: str) -> str:
        """A data folder as it is named on this computer: the path in a scene may be that of another one."""
        parts = pathlib.PureWindowsPath(data_folder).parts if "\\" in data_folder else pathlib.PurePosixPath(data_folder).parts
        return str(self.folder()) if parts[-3:] == self.place.parts else data_folder


def published_cohort() -> PublishedCohort:
    """Read the list of files that ships with the module, or what LIST_VARIABLE and BASE_VARIABLE put in its place."""
    return _read_list(pathlib.Path(os.environ.get(LIST_VARIABLE) or LIST_FILE), os.environ.get(BASE_VARIABLE) or "")


@functools.lru_cache(maxsize=8)
def _read_list(path, other_base):
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(PublishedFile(checked_name(entry["path"].rpartition("/")[2], source=path), entry["path"], entry["blob"],
                                    entry.get("bytes"), entry.get("sha256", "")) for entry in content["files"])
        base = other_base or content["base"]
        return PublishedCohort(checked_name(content["name"], source=path), content["title"], content["repository"],
                               content["commit"], content["license"], base.rstrip("/") + "/", files)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"not a list of published files ({error})", source=path) from None


def git_blob_id(path) -> str:
    """git's id of a file's content: SHA-1 over ``blob <size>`` + NUL + content, as hexadecimal digits."""
    path = pathlib.Path(path)
    with open(path, "rb") as stream:
        digest = hashlib.sha1(b"blob %d\0" % os.fstat(stream.fileno()).st_size, usedforsecurity=False)
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def verification(paths: Iterable[pathlib.Path], cohort: PublishedCohort) -> str:
    """One sentence about which of these files are the published ones, byte for byte; "" if none is: they are the user's own.

    A file with a published name that differs is named when others are the published ones: it was changed or damaged.
    """
    known = {file.name: file.blob for file in cohort.files}
    named = [path for path in paths if path.name in known]
    same = [path for path in named if git_blob_id(path) == known[path.name]]
    if not same:
        return ""
    text = f"Verified: {len(same)} of the {len(known)} published files, byte for byte (commit {cohort.commit[:7]})."
    others = [path.name for path in named if path not in same]
    return text + (f" Not the published content: {', '.join(others)}." if others else "")
