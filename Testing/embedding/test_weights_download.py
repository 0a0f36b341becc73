"""Weights over a faulty network: what is agreed to, never a half or another file as a whole one, and the next try completes."""
import errno
import hashlib
import json
import socket
from dataclasses import dataclass, replace

import pytest
from file_server import FileServer

from TumorConnectomeLib.base.errors import InputError, NotAvailable
from TumorConnectomeLib.embedding.models import MODELS, WeightsSource
from TumorConnectomeLib.embedding.weights_download import (
    download_weights_sequence,
    fetch_weights_command,
    offer_sequence,
    source_of,
)
from TumorConnectomeLib.embedding.weights_offer import HUB, NONE, PUBLISHED, Offer, look_up, offer_command
from TumorConnectomeLib.embedding.weights_store import WeightsStore
from TumorConnectomeLib.imaging.http_file import Part, Patience
from TumorConnectomeLib.imaging.transfer_errors import TransferFailed
from TumorConnectomeLib.work.jobs import run_blocking

CONTENT = b"".join(f"weight {number};".encode() for number in range(25_000))
DIGEST, COMMIT = hashlib.sha256(CONTENT).hexdigest(), "0123456789abcdef" * 2 + "01234567"
API, FILE = "huggingface.co/api/models/lab/model/revision/main", f"huggingface.co/lab/model/resolve/{COMMIT}/model.safetensors"
SIZE = len(CONTENT)
SOURCE = WeightsSource("CTFM.safetensors", "https://huggingface.co/lab/model/resolve/main/model.safetensors", SIZE, DIGEST,
                       "Apache-2.0", True)


@dataclass(frozen=True)
class Impatience(Patience):
    """Asks again at once."""

    wait: float = 0.01


def answer(size=SIZE, digest=DIGEST, **more):
    entry = {"rfilename": "model.safetensors", "size": size, **({"lfs": {"sha256": digest, "size": size}} if digest else {})}
    return json.dumps({"sha": COMMIT, "gated": False, "siblings": [entry], **more}).encode()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub on this machine that has the weights of CTFM."""
    server = FileServer({API: answer(), FILE: CONTENT})
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS_BASE", server.url)
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr("TumorConnectomeLib.embedding.weights_download.Patience", Impatience)
    use(monkeypatch, SOURCE)
    yield server
    server.close()


def use(monkeypatch, *sources, name="CTFM"):
    monkeypatch.setitem(MODELS, name, replace(MODELS[name], sources=sources))


def fetch(offer=None, **options):
    record = (offer or look_up(MODELS["CTFM"])).to_record()
    more = [text for name, value in {"silence": 0.3, "tries": 2, **options}.items() for text in (f"--{name}", str(value))]
    return fetch_weights_command(["--offer", json.dumps(record), *more], lambda *_: None)


def here(tmp_path):
    return sorted(path.name for path in (tmp_path / "weights").iterdir() if not path.name.startswith("."))


def test_what_is_agreed_to_has_a_size_a_licence_a_hash_and_an_address_at_a_fixed_revision(hub):
    offer = Offer.from_record(json.loads(json.dumps(offer_command(["ctfm"], lambda *_: None))))
    assert offer.url == f"https://huggingface.co/lab/model/resolve/{COMMIT}/model.safetensors" and offer.revision == COMMIT
    assert (offer.size_bytes, offer.sha256, offer.hash_from) == (len(CONTENT), DIGEST, PUBLISHED)
    assert offer.license_text == "Apache-2.0" and offer.license_clear
    assert [path for path, _headers in hub.requests] == [API]        # nothing was fetched


def test_the_agreed_file_arrives_is_checked_and_not_fetched_again(hub, tmp_path):
    offer = look_up(MODELS["CTFM"])
    hub.files[API] = answer(sha="f" * 40)                            # the repository goes on: the agreed revision is fetched
    found = fetch(offer)
    assert found == {"path": str(tmp_path / "weights" / "CTFM.safetensors"), "sha256": DIGEST, "fetched": True, "pinned": False}
    assert here(tmp_path) == ["CTFM.safetensors", "CTFM.safetensors.source.json", "weights.json"]
    assert source_of(found["path"]) == offer and source_of(tmp_path / "x") is None
    assert "CTFM" in WeightsStore().models_with_weights()
    asked = len(hub.requests)
    assert not fetch(offer)["fetched"] and len(hub.requests) == asked


def test_the_worker_tells_the_same_as_the_function(hub, tmp_path, monkeypatch):
    monkeypatch.undo()                                               # workers know only the real models
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS_BASE", hub.url)
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS", str(tmp_path / "weights"))
    offer = Offer("CTFM", SOURCE.file_name, SOURCE.url.replace("main", COMMIT), COMMIT, SIZE, "0" * 64, "", PUBLISHED, "", True)
    with pytest.raises(Exception, match=r"CTFM: what 127.0.0.1:\d+ sent for CTFM.safetensors was removed: its SHA256 is"):
        run_blocking(download_weights_sequence(offer))
    assert here(tmp_path) == []
    with pytest.raises(Exception, match="no model 'x'"):
        run_blocking(offer_sequence("x"))


@pytest.mark.parametrize(("status", "text"), [(401, "refuses access"), (403, "refuses access"), (404, "does not have the file"),
                                              (503, "is overloaded")])
@pytest.mark.parametrize("which", ["offer", "file"])
def test_a_server_that_refuses_is_one_line_and_the_next_try_completes(hub, tmp_path, status, text, which):
    hub.behave = lambda path, number: status if (path == API) == (which == "offer") else None
    with pytest.raises(TransferFailed, match=rf"{text} \(HTTP {status}\)"):
        fetch()
    hub.behave = None
    assert fetch()["sha256"] == DIGEST


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("cut", [1, 70_000, len(CONTENT) - 1])
def test_a_cut_download_is_continued(hub, tmp_path, cut, ranges):
    hub.ranges = ranges
    fates = iter([("cut", cut)])
    hub.behave = lambda path, number: next(fates, 403) if path == FILE else None
    with pytest.raises(TransferFailed, match="CTFM: .*; the next try continues"):
        fetch(tries=1)
    assert here(tmp_path) == []
    hub.behave, sent = None, hub.sent
    assert fetch()["sha256"] == DIGEST
    assert hub.sent - sent - len(hub.files[API]) == len(CONTENT) - (cut if ranges else 0)


def test_a_full_disk_is_said_before_and_while_it_happens(hub, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 1000}))
    with pytest.raises(TransferFailed, match="67 MB are needed, 0 MB are free; make room, or set TUMORCONNECTOME_WEIGHTS"):
        fetch()
    monkeypatch.undo()
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS_BASE", hub.url)
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS", str(tmp_path / "weights"))
    use(monkeypatch, SOURCE)

    def full(stream, *_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("TumorConnectomeLib.imaging.http_file._store", full)
    with pytest.raises(TransferFailed, match="CTFM: the disk is full"):
        fetch()
    monkeypatch.undo()


@pytest.mark.parametrize("wrong", [CONTENT[::-1], b"<html>captive portal</html>", CONTENT + b"!"])
def test_wrong_contents_are_removed_and_told(hub, tmp_path, wrong):
    hub.files[FILE] = wrong
    with pytest.raises(TransferFailed, match="CTFM: "):
        fetch()
    assert here(tmp_path) == []
    hub.files[FILE] = CONTENT
    assert fetch()["sha256"] == DIGEST


def test_another_file_at_the_hub_is_noticed_before_it_is_fetched(hub):
    hub.files[API] = answer(digest="1" * 64)
    with pytest.raises(TransferFailed, match="has another model.safetensors than the known one: its SHA-256 is 111111111111"):
        look_up(MODELS["CTFM"])
    hub.files[API] = answer(size=7)
    with pytest.raises(TransferFailed, match="the server has 7 bytes of CTFM.safetensors, not the known"):
        look_up(MODELS["CTFM"])


def test_what_became_gated_and_what_is_gated_is_not_offered(hub, monkeypatch):
    hub.files[API] = answer(gated="manual")
    with pytest.raises(NotAvailable, match="has become gated"):
        look_up(MODELS["CTFM"])
    use(monkeypatch, replace(SOURCE, gated=True))
    with pytest.raises(NotAvailable, match="only to accounts that were let in; a file of your own can be used"):
        look_up(MODELS["CTFM"])
    assert len(hub.requests) == 1


def test_a_hash_that_only_the_server_knows_is_used_and_one_that_nobody_knows_is_pinned(hub, tmp_path, monkeypatch):
    use(monkeypatch, replace(SOURCE, sha256=None, size_bytes=None))
    offer = look_up(MODELS["CTFM"])
    assert (offer.sha256, offer.hash_from) == (DIGEST, HUB)
    hub.files[API] = answer(digest="")
    offer = look_up(MODELS["CTFM"])
    assert (offer.sha256, offer.hash_from) == ("", NONE)
    with pytest.raises(TransferFailed, match="CTFM: what .* sent for CTFM.safetensors was removed"):
        fetch(offer)                                                 # these bytes are no weights of the model: not pinned
    monkeypatch.setattr("TumorConnectomeLib.embedding.weights_download.network_parameters", lambda path, model: {})
    found = fetch(offer)
    assert found["pinned"] and found["sha256"] == DIGEST
    with open(found["path"], "r+b") as stream:
        stream.write(b"X")
    with pytest.raises(InputError, match="its SHA-256 is"):
        WeightsStore().checked_sha256(MODELS["CTFM"], found["path"])


def test_zenodo_is_asked_for_size_checksum_and_licence(hub, tmp_path, monkeypatch):
    use(monkeypatch, WeightsSource("CTFM.torch", "https://zenodo.org/records/10528450/files/model%20weights.torch", None, None,
                                   "code MIT, weights not seen", False))
    entry = {"key": "model weights.torch", "size": len(CONTENT), "checksum": f"md5:{hashlib.md5(CONTENT).hexdigest()}"}
    said = {"files": [entry], "metadata": {"license": {"id": "cc-by-4.0"}}}
    hub.files["zenodo.org/api/records/10528450"] = json.dumps(said).encode()
    hub.files["zenodo.org/records/10528450/files/model weights.torch"] = CONTENT[:-1] + b"?"
    offer = look_up(MODELS["CTFM"])
    assert offer.size_bytes == len(CONTENT) and offer.revision == "record 10528450" and not offer.license_clear
    assert offer.license_text == "code MIT, weights not seen; the record on Zenodo says cc-by-4.0"
    with pytest.raises(TransferFailed, match="its MD5 is"):
        fetch(offer)


def test_a_file_of_the_user_under_that_name_is_never_removed(hub, tmp_path):
    own = tmp_path / "weights" / "CTFM.safetensors"
    own.parent.mkdir()
    own.write_bytes(b"my own")
    with pytest.raises(InputError, match="another file has this name: 6 bytes instead of"):
        fetch()
    assert own.read_bytes() == b"my own"


def test_no_network_is_one_line_at_once(hub, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS_BASE", f"http://127.0.0.1:{free.getsockname()[1]}")
    with pytest.raises(TransferFailed, match="huggingface.co can not be reached; check the network connection"):
        look_up(MODELS["CTFM"])


@pytest.mark.parametrize("said", [b"<html>", b"[]", b"{}", b'{"sha": "main", "siblings": []}', answer(siblings="x"),
                                  answer(siblings=[])])
def test_an_answer_that_is_none_of_the_api_is_one_line(hub, said):
    hub.files[API] = said
    with pytest.raises(TransferFailed, match="huggingface.co"):
        look_up(MODELS["CTFM"])


@pytest.mark.parametrize("change", [{"model": "x"}, {"size_bytes": -1}, {"url": 3}, {"more": 1}])
def test_an_offer_that_was_changed_is_refused(hub, change):
    with pytest.raises(InputError, match="no offer of weights"):
        Offer.from_record({**look_up(MODELS["CTFM"]).to_record(), **change})
    with pytest.raises(InputError, match="the file name '../x'"):
        fetch(replace(look_up(MODELS["CTFM"]), file_name="../x"))


def test_a_part_is_kept_beside_its_target(hub, tmp_path):
    fates = iter([("cut", 100_000)])
    hub.behave = lambda path, number: next(fates, 403) if path == FILE else None
    with pytest.raises(TransferFailed):
        fetch(tries=1)
    assert Part(tmp_path / "weights" / "CTFM.safetensors").size() == 100_000
