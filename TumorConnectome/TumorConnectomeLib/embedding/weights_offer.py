"""What a download of weights would bring: looked up at the publisher's before anybody agrees to it.

Hugging Face's API names the present commit of a repository, so that what is agreed to has an address at a fixed revision, and
the SHA-256 of large files (https://huggingface.co/docs/hub/api); Zenodo's names size and MD5 of the files of a record, which do
not change (https://developers.zenodo.org). Of other servers only the address is known before the download.
"""
from __future__ import annotations

import argparse
import os
import re
from dataclasses import asdict, dataclass, replace

from ..base.errors import InputError, NotAvailable
from ..base.text import one_line
from ..imaging.http_file import Patience
from ..imaging.http_json import as_path, as_text, fetch_object
from ..imaging.transfer_errors import TransferFailed
from .embed import model_of
from .models import MODELS, EncoderModel, WeightsSource

_HUGGING_FACE = re.compile(r"https://huggingface\.co/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)")
_ZENODO = re.compile(r"https://zenodo\.org/records?/(\d+)/files/([^?/]+)")
_COMMIT, _SHA256, _MD5 = (re.compile(rf"[0-9a-f]{{{digits}}}") for digits in (40, 64, 32))
#: how a hash is known
PUBLISHED, HUB, NONE = "known before", "the server's", "none"


@dataclass(frozen=True)
class Offer:
    """One download: everything that a person has to know to agree to it.

    Parameters
    ----------
    model, file_name : str
        Name of the model, and under which the file is kept.
    url : str
        At a fixed revision, if `revision` is not empty.
    revision : str
        What fixes it: a commit or the number of a record; "" where the server has none.
    size_bytes : int or None
    sha256, md5 : str
        Hexadecimal, "" where it is not known.
    hash_from : str
        PUBLISHED, HUB or NONE.
    license_text : str
    license_clear : bool
        Whether the publisher says one thing about the weights.
    """

    model: str
    file_name: str
    url: str
    revision: str
    size_bytes: int | None
    sha256: str
    md5: str
    hash_from: str
    license_text: str
    license_clear: bool

    def to_record(self) -> dict:
        """As json can write it."""
        return asdict(self)

    @classmethod
    def from_record(cls, record) -> Offer:
        """The inverse of `to_record`; InputError for anything else."""
        try:
            made = cls(**record)
            texts = all(isinstance(getattr(made, name), str) for name in cls.__dataclass_fields__
                        if name not in ("size_bytes", "license_clear"))
            if made.model not in MODELS or not texts or made.size_bytes is not None and made.size_bytes < 1:
                raise ValueError(made.model)
        except (TypeError, ValueError) as error:
            raise InputError(f"no offer of weights ({str(error)[:80]})") from None
        return made


def offered(model: EncoderModel) -> tuple[WeightsSource, ...]:
    """The sources of a model whose weights anybody may fetch: without an account, and none for a model that is left out."""
    return () if model.left_out else tuple(source for source in model.sources if not source.gated)


def look_up(model: EncoderModel, patience: Patience | None = None) -> Offer:
    """Ask the publisher what there is; the model's sources one after the other.

    Raises
    ------
    NotAvailable
        The model's weights are gated, or nobody offers them.
    TransferFailed
        No server answers; the text is that of the first.
    """
    sources, failures = offered(model), []
    if not sources:
        why = "their publisher gives them only to accounts that were let in" if model.sources and not model.left_out else \
            model.left_out or "nobody is known who offers them"
        raise NotAvailable(f"{model.name}: the weights can not be downloaded: {why}; a file of your own can be used")
    for source in sources:
        try:
            return _offer(model, source, patience or Patience())
        except TransferFailed as error:
            failures.append(error)
    raise failures[0]


def _offer(model, source, patience):
    plain = Offer(model.name, source.file_name, source.url, "", source.size_bytes, source.sha256 or "", "",
                  PUBLISHED if source.sha256 else NONE, source.license_text, source.license_clear)
    if found := _HUGGING_FACE.fullmatch(source.url):
        return _hugging_face(plain, *found.groups(), patience)
    if found := _ZENODO.match(source.url):
        return _zenodo(plain, *found.groups(), patience)
    return plain


def _hugging_face(offer, repository, revision, file, patience):
    file, what = as_text(file), f"https://huggingface.co/api/models/{repository}/revision/{revision}?blobs=true"
    said = _json(what, patience)
    commit = str(said.get("sha", ""))
    if not _COMMIT.fullmatch(commit):
        raise TransferFailed("wrong", "huggingface.co does not say which revision it has")
    if said.get("gated"):
        raise NotAvailable(f"{offer.model}: {repository} has become gated: huggingface.co gives it only to accounts that were "
                           "let in")
    entry = _entry(said.get("siblings"), "rfilename", file)
    if entry is None:
        raise TransferFailed("missing", f"huggingface.co: {repository} has no file {file!r} any more")
    size, stored = entry.get("size"), str((entry.get("lfs") or {}).get("sha256", ""))
    if offer.sha256 and _SHA256.fullmatch(stored) and stored != offer.sha256:
        raise TransferFailed("wrong", f"huggingface.co has another {file} than the known one: its SHA-256 is {stored[:12]}..., "
                             f"not {offer.sha256[:12]}...")
    url = f"https://huggingface.co/{repository}/resolve/{commit}/{as_path(file)}"
    offer = replace(offer, url=url, revision=commit, size_bytes=_size(size, offer))
    if offer.sha256 or not _SHA256.fullmatch(stored):
        return offer
    return replace(offer, sha256=stored, hash_from=HUB)


def _zenodo(offer, record, file, patience):
    file, said = as_text(file), _json(f"https://zenodo.org/api/records/{record}", patience)
    entry = _entry(said.get("files"), "key", file)
    if entry is None:
        raise TransferFailed("missing", f"zenodo.org: record {record} has no file {file!r}")
    checksum = str(entry.get("checksum", "")).removeprefix("md5:")
    license_id = str(((said.get("metadata") or {}).get("license") or {}).get("id", ""))
    if license_id:
        offer = replace(offer, license_text=f"{offer.license_text}; the record on Zenodo says {one_line(license_id)[:60]}")
    return replace(offer, revision=f"record {record}", size_bytes=_size(entry.get("size"), offer),
                   md5=checksum if _MD5.fullmatch(checksum) else "")


def _entry(files, key, name):
    """The file of a name in a list that an API gave, None if it is not there."""
    listed = files if isinstance(files, list) else []
    return next((one for one in listed if isinstance(one, dict) and one.get(key) == name), None)


def _size(said, offer):
    """The server's size; TransferFailed when the known file has another."""
    if not isinstance(said, int) or said < 1:
        return offer.size_bytes
    if offer.sha256 and offer.size_bytes and said != offer.size_bytes:
        raise TransferFailed("wrong", f"the server has {said:,} bytes of {offer.file_name}, not the known {offer.size_bytes:,}")
    return said


def _json(address, patience):
    """The object that an API answers with."""
    return fetch_object(address_of(address), patience.silence, address.split("/")[2])


def address_of(url: str) -> str:
    """Where a URL is really asked: at ``TUMORCONNECTOME_WEIGHTS_BASE``, a mirror with the servers' names as folders, if set."""
    base = os.environ.get("TUMORCONNECTOME_WEIGHTS_BASE", "")
    return f"{base.rstrip('/')}/{url.partition('://')[2]}" if base else url


def offer_command(arguments, report):
    """Worker command ``weights-offer MODEL [--silence S]``: the record of an Offer."""
    parser = argparse.ArgumentParser(prog="weights-offer")
    parser.add_argument("model")
    parser.add_argument("--silence", type=float, default=Patience.silence)
    options = parser.parse_args(arguments)
    report(None, f"Asking for the weights of {options.model}")
    return look_up(model_of(options.model), Patience(silence=options.silence)).to_record()
