"""Where the files of a series lie in the public buckets of the Imaging Data Commons (IDC)."""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..base.errors import InputError
from ..base.files import checked_uid

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: naming rules of S3 buckets
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
#: Google's names where they differ from Amazon's (idc-index, ``IDCClient._replace_aws_with_gcp_buckets``)
_GOOGLE_BUCKETS = {"idc-open-data-two": "idc-open-idc1", "idc-open-data-cr": "idc-open-cr"}


@dataclass(frozen=True)
class IdcSeries:
    """One series in IDC: its files are ``s3://<bucket>/<uuid>/<instance uuid>.dcm``.

    Parameters
    ----------
    uid : str
        SeriesInstanceUID.
    uuid : str
        ``crdc_series_uuid``: names this version of the series, whose files never change.
    bucket : str
        Bucket at Amazon.
    files, bytes : int
        Number of files and their total size.

    Raises
    ------
    InputError
        A value is malformed: all of them end up in commands and paths.
    """

    uid: str
    uuid: str
    bucket: str
    files: int
    bytes: int

    def __post_init__(self):
        object.__setattr__(self, "uid", checked_uid(self.uid))
        for name, pattern in (("uuid", _UUID), ("bucket", _BUCKET)):
            value = str(getattr(self, name))
            if not pattern.fullmatch(value):
                raise InputError(f"{name} {value[:80]!r} of series {self.uid} is malformed", expected=f"an IDC {name}")
        for name in ("files", "bytes"):
            value = getattr(self, name)
            if not isinstance(value, int) or value <= 0:
                raise InputError(f"{name} of series {self.uid} is {value!r}", expected="a positive whole number")

    @property
    def google_bucket(self) -> str:
        """Bucket at Google."""
        return _GOOGLE_BUCKETS.get(self.bucket, self.bucket)


@dataclass(frozen=True)
class IdcStudy:
    """A CT series in IDC and the Sybil reports that may belong to it.

    Parameters
    ----------
    ct : IdcSeries
        The CT.
    reports : tuple of IdcSeries
        One when it is known which report belongs to the CT, several when only the reports themselves can tell.
    """

    ct: IdcSeries
    reports: tuple[IdcSeries, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping) -> IdcStudy:
        """The study written by `to_json`."""
        return cls(IdcSeries(**value["ct"]), tuple(IdcSeries(**series) for series in value["reports"]))

    def to_json(self) -> dict:
        """Something json can write."""
        return dataclasses.asdict(self)
