"""Whether vectors made on this computer are comparable with the published ones, kept for each weights file."""
from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.files import atomic_file, default_cache_folder

#: largest cosine distance to the published vector: as a shift of 0 mm by another computer, and as one below 3 mm (median, CTFM)
PASS_DISTANCE, WARNING_DISTANCE = 1e-3, 0.0045
PASSED, WARNING, NOT_COMPARABLE = "passed", "warning", "not comparable"
#: published patients that are embedded
PROOF_PATIENTS = 3
#: raise it whenever crops or networks change: what was proved before does not hold then
_CHAIN = 1


@dataclass(frozen=True)
class Proof:
    """What a check against published vectors found.

    Parameters
    ----------
    model : str
    weights_sha256 : str
    distances : tuple of (str, float)
        PatientID and cosine distance of the vector made here to the published one, 0..2.
    """

    model: str
    weights_sha256: str
    distances: tuple[tuple[str, float], ...]

    @property
    def worst(self) -> float:
        """The largest distance."""
        return max(distance for _patient, distance in self.distances)

    @property
    def outcome(self) -> str:
        """PASSED, WARNING or NOT_COMPARABLE: the worst of them counts."""
        if self.worst <= PASS_DISTANCE:
            return PASSED
        return WARNING if self.worst <= WARNING_DISTANCE else NOT_COMPARABLE


def proof_of(model: str, weights_sha256: str, patients: Sequence[str], made: np.ndarray, published: np.ndarray) -> Proof:
    """Compare vectors with the published ones.

    Parameters
    ----------
    model, weights_sha256 : str
    patients : sequence of str
        P PatientIDs.
    made, published : np.ndarray
        Shape (P, D).

    Raises
    ------
    InputError
        No patient, or vectors of another length or without direction.
    """
    made, published = np.asarray(made, float), np.asarray(published, float)
    if not len(patients) or made.shape != published.shape or len(made) != len(patients):
        raise InputError(f"vectors of shape {made.shape}", source=model, expected=f"{published.shape}, as the published ones")
    lengths = np.linalg.norm(made, axis=1) * np.linalg.norm(published, axis=1)
    if not (lengths > 0).all() or not np.isfinite(lengths).all():
        raise InputError("a vector has no direction", source=model, expected="finite, non-zero vectors")
    distances = np.clip(1 - (made * published).sum(axis=1) / lengths, 0.0, 2.0)
    return Proof(model, weights_sha256, tuple(zip(map(str, patients), map(float, distances))))


class ProofStore:
    """Proofs on this computer, a small file for each weights file.

    Parameters
    ----------
    folder : path, optional
        By default ``proofs`` in the module's cache folder.
    """

    def __init__(self, folder=None):
        self._folder = pathlib.Path(folder) if folder is not None else default_cache_folder() / "proofs"

    def find(self, model: str, weights_sha256: str) -> Proof | None:
        """What was found with these weights and the present code; None if nothing was."""
        try:
            record = json.loads(self._path(model, weights_sha256).read_text(encoding="utf-8"))
            if record["chain"] != _CHAIN or (record["model"], record["weights_sha256"]) != (model, weights_sha256):
                return None
            distances = tuple((str(patient), float(distance)) for patient, distance in record["distances"])
            return Proof(model, weights_sha256, distances) if distances else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, proof: Proof) -> None:
        """Keep a proof, in place of an earlier one."""
        with atomic_file(self._path(proof.model, proof.weights_sha256), "w", encoding="utf-8") as stream:
            json.dump({"chain": _CHAIN, "model": proof.model, "weights_sha256": proof.weights_sha256,
                       "distances": [list(pair) for pair in proof.distances]}, stream, indent=1)

    def _path(self, model, weights_sha256):
        digest = weights_sha256 if weights_sha256.isalnum() else "none"
        return self._folder / f"{model}-{digest[:64]}.json"
