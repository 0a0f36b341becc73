"""Where weights files lie: found by name, hashed before use and once only, pinned where no hash is known."""
import hashlib

import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.embedding import weights_store
from TumorConnectomeLib.embedding.models import EncoderModel, WeightsSource
from TumorConnectomeLib.embedding.weights_store import WeightsStore, weights_folder

CONTENT = b"weights"
SHA = hashlib.sha256(CONTENT).hexdigest()


def model(sha256):
    return EncoderModel("M", "RAS", 1, sources=(WeightsSource("M.pt", "https://x.org/M.pt", None, sha256, "MIT", True),))


@pytest.fixture
def store(tmp_path):
    (tmp_path / "M.pt").write_bytes(CONTENT)
    return WeightsStore(tmp_path)


def hashed(monkeypatch):
    paths, sha256 = [], weights_store.sha256_of_file
    monkeypatch.setattr(weights_store, "sha256_of_file", lambda path: paths.append(path) or sha256(path))
    return paths


def test_the_folder_is_the_users_or_in_the_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("TUMORCONNECTOME_WEIGHTS", raising=False)
    monkeypatch.setenv("TUMORCONNECTOME_CACHE", str(tmp_path / "cache"))
    assert weights_folder() == tmp_path / "cache" / "weights"
    monkeypatch.setenv("TUMORCONNECTOME_WEIGHTS", str(tmp_path / "own"))
    assert WeightsStore().folder == tmp_path / "own"


def test_models_that_can_be_used_are_those_with_a_file_or_without_need(tmp_path):
    assert WeightsStore(tmp_path / "none").models_with_weights() == ["SeededRandomFeatures"]
    (tmp_path / "PASTA.pth").write_bytes(b"")
    assert WeightsStore(tmp_path).models_with_weights() == ["PASTA", "SeededRandomFeatures"]


def test_a_file_with_a_known_hash_is_checked(store):
    assert store.file_of(model(SHA)) == store.folder / "M.pt"
    assert store.checked_sha256(model(SHA), store.folder / "M.pt") == SHA
    with pytest.raises(InputError, match=f"M.pt: its SHA-256 is {SHA}; expected {'0' * 64}, that of the weights of M"):
        store.checked_sha256(model("0" * 64), store.folder / "M.pt")


def test_an_unchanged_file_is_not_hashed_again(store, monkeypatch):
    paths = hashed(monkeypatch)
    for _ in range(3):
        store.checked_sha256(model(SHA), store.folder / "M.pt")
        WeightsStore(store.folder).checked_sha256(model(SHA), store.folder / "M.pt")
    assert len(paths) == 1


def test_a_file_without_a_known_hash_is_pinned_on_first_use(store):
    assert store.known_sha256(model(None), store.folder / "M.pt") is None
    assert store.checked_sha256(model(None), store.folder / "M.pt") == SHA
    assert store.known_sha256(model(None), store.folder / "M.pt") == SHA
    (store.folder / "M.pt").write_bytes(b"something else")
    with pytest.raises(InputError, match=f"expected {SHA}"):
        store.checked_sha256(model(None), store.folder / "M.pt")


def test_a_users_own_file_is_taken_whatever_it_holds(store, tmp_path):
    own = tmp_path / "elsewhere" / "M.pt"
    own.parent.mkdir()
    for content in (b"mine", b"mine, trained on"):
        own.write_bytes(content)
        assert store.checked_sha256(model("0" * 64), own) == hashlib.sha256(content).hexdigest()


def test_damaged_records_count_as_none(store):
    for text in ("{", "[]", '{"seen": 3}', '{"seen": {"x": "y"}}'):
        (store.folder / "weights.json").write_text(text)
        assert store.checked_sha256(model(SHA), store.folder / "M.pt") == SHA


def test_a_missing_file_is_named(store):
    with pytest.raises(InputError, match=r"none.pt: No such file"):
        store.checked_sha256(model(SHA), store.folder / "none.pt")
