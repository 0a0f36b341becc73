"""Jobs behind the query by vector, and the query as a text in the parameter node."""
from __future__ import annotations

import base64
import contextlib
import json
import secrets

import numpy as np
from slicer.i18n import tr as _

from ..core.analysis import KEPT_NEIGHBORS
from ..core.files import atomic_file, default_cache_folder
from ..core.jobs import PythonJob


def query_to_text(label: str, model: str, vector) -> str:
    """A query as JSON for the parameter node: its name, its model and the vector as base64 of little-endian float64."""
    numbers = base64.b64encode(np.asarray(vector, "<f8").tobytes()).decode()
    return json.dumps({"label": label, "model": model, "vector": numbers})


def query_of_text(text: str) -> tuple[str, str, list[float]] | None:
    """The inverse of `query_to_text`; None for a text that is none."""
    try:
        found = json.loads(text)
        vector = np.frombuffer(base64.b64decode(found["vector"], validate=True), "<f8")
        return str(found["label"]), str(found["model"]), vector.tolist()
    except (ValueError, KeyError, TypeError):
        return None


def query_sequence(prepared: str, model: str, *, label="", text="", file="", row=""):
    """Jobs that look for the neighbors of pasted `text`, or of a row of a file; returns what the worker says.

    The text goes through a file, for a command line may be too short for it; the file is removed again.
    """
    arguments = ["--prepared", prepared, "--model", model, "--k", KEPT_NEIGHBORS, "--label", label]
    if file:
        return (yield PythonJob(_("Finding neighbors"), "query", *arguments, "--vector", file, "--row", row))
    path = default_cache_folder() / "queries" / f"{secrets.token_hex(8)}.txt"
    with atomic_file(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    try:
        return (yield PythonJob(_("Finding neighbors"), "query", *arguments, "--text", path))
    finally:
        with contextlib.suppress(OSError):
            path.unlink()


def rows_sequence(file: str):
    """Jobs that list the rows of a file."""
    return (yield PythonJob(_("Reading the file"), "query-rows", "--vector", file))
