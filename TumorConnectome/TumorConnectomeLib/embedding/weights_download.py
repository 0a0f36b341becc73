"""Downloads weights that a person has agreed to: continued where it was cut, and checked before it takes its name."""
from __future__ import annotations

import argparse
import functools
import hashlib
import json
import pathlib
import shutil

from ..base.errors import InputError
from ..base.files import atomic_file
from ..imaging.file_lock import exclusive
from ..imaging.http_file import Part, Patience, RemoteFile, TransferMessages, fetch_file
from ..imaging.transfer_errors import TransferFailed
from ..work.jobs import PythonJob, Sequence
from .models import MODELS
from .weights import network_parameters
from .weights_offer import Offer, address_of
from .weights_store import WeightsStore

_MEGABYTE = 1e6
#: seconds without a message after which the worker counts as dead: longer than its own patience, and than hashing takes
_SILENCE_LIMIT = 300.0
#: what must be free on the disk besides the file [bytes]
_SPARE = 64 << 20


def offer_sequence(model: str) -> Sequence:
    """Jobs that look up what a download would bring; returns an Offer."""
    return Offer.from_record((yield PythonJob(f"Asking for the weights of {model}", "weights-offer", model)))


def download_weights_sequence(offer: Offer) -> Sequence:
    """Jobs that leave the weights in the store; returns what the worker says (see `fetch_weights_command`)."""
    job = PythonJob(f"Downloading the weights of {offer.model}", "fetch-weights", "--offer", json.dumps(offer.to_record()))
    job.silence_limit = _SILENCE_LIMIT
    return (yield job)


def fetch_weights_command(arguments, report):
    """Worker ``fetch-weights --offer JSON [--silence S] [--tries N]``; nothing of what arrives is executed or unpickled.

    Returns
    -------
    dict
        ``path``, ``sha256``, ``fetched`` (False when it was here), and ``pinned``: whether no hash had been known, so that what
        came is what will be expected from now on.

    Raises
    ------
    Busy
        Another process is at it.
    InputError
        Another file has the name of the weights.
    TransferFailed
        It did not come, or is not what was offered; what has come is kept for the next try unless it is wrong.
    """
    parser = argparse.ArgumentParser(prog="fetch-weights")
    parser.add_argument("--offer", required=True, type=json.loads)
    parser.add_argument("--silence", type=float, default=Patience.silence)
    parser.add_argument("--tries", type=int, default=Patience.tries)
    options = parser.parse_args(arguments)
    offer, store = Offer.from_record(options.offer), WeightsStore()
    if offer.file_name not in {source.file_name for source in MODELS[offer.model].sources}:
        raise InputError(f"the file name {offer.file_name[:80]!r}", expected=f"one of the weights of {offer.model}")
    target = store.folder / offer.file_name
    report(0.0, f"Looking for the weights of {offer.model} on this computer")
    with exclusive(store.folder / f".{offer.file_name}.lock", f"the weights of {offer.model}"):
        fetched = _fetch(offer, target, report, Patience(silence=options.silence, tries=options.tries))
        report(1.0, f"Checking the weights of {offer.model}")
        digest = store.checked_sha256(MODELS[offer.model], target)
        if fetched:
            _note(target, offer, digest)
    return {"path": str(target), "sha256": digest, "fetched": fetched, "pinned": not offer.sha256}


def _fetch(offer, target, report, patience):
    check = functools.partial(difference, offer=offer)
    if target.exists():
        problem = check(target)
        if not problem:
            return False
        raise InputError(f"another file has this name: {problem}", source=target, expected="to be moved away first")
    _check_space(offer, target)
    try:
        remote = RemoteFile(address_of(offer.url), target, check, offer.size_bytes)
        return fetch_file(remote, TransferMessages(lambda share, text: report(share, f"{offer.model}: {text}")), patience)
    except TransferFailed as error:
        kept = "; the next try continues" if Part(target).size() else ""
        raise TransferFailed(error.kind, f"{offer.model}: {error}{kept}") from None


def _check_space(offer, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    needed = (offer.size_bytes or 0) - Part(target).size() + _SPARE
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise TransferFailed("disk full", f"{target.parent}: {needed / _MEGABYTE:.0f} MB are needed, {free / _MEGABYTE:.0f} MB "
                             "are free; make room, or set TUMORCONNECTOME_WEIGHTS to another folder")


def difference(path: pathlib.Path, offer: Offer) -> str:
    """What tells a file on disk from the offered one, or from any weights of its model; "" if nothing does."""
    size = path.stat().st_size
    if offer.size_bytes is not None and size != offer.size_bytes:
        return f"{size:,} bytes instead of {offer.size_bytes:,}"
    for name, expected in (("sha256", offer.sha256), ("md5", offer.md5)):
        digest = _digest(path, name) if expected else ""
        if digest != expected:
            return f"its {name.upper()} is {digest[:12]}... instead of {expected[:12]}..."
    if not offer.sha256:                                # a page of a captive portal must not be pinned
        try:
            network_parameters(path, MODELS[offer.model])
        except InputError as error:
            return error.problem
    return ""


def _digest(path, name):
    digest = hashlib.new(name, usedforsecurity=name != "md5")
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _note(target, offer, digest):
    """Leave beside the file where it came from and what was agreed to."""
    with atomic_file(target.with_name(f"{target.name}.source.json"), "w", encoding="utf-8") as stream:
        json.dump({**offer.to_record(), "sha256_of_file": digest}, stream, indent=1)


def source_of(path) -> Offer | None:
    """The Offer that a downloaded weights file came by; None for a file that the user has brought."""
    path = pathlib.Path(path)
    try:
        record = json.loads(path.with_name(f"{path.name}.source.json").read_text(encoding="utf-8"))
        return Offer.from_record({name: value for name, value in record.items() if name != "sha256_of_file"})
    except (OSError, ValueError, AttributeError):
        return None
