"""Where weights files lie, which models have one, and what their contents must be: nothing is used before its hash is known."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib

from ..base.errors import InputError
from ..base.files import atomic_file, default_cache_folder, sha256_of_file
from .models import MODELS, EncoderModel

#: hashes of files: of those in the folder as they were first used, of all as they were last seen
_RECORDS = "weights.json"


def weights_folder() -> pathlib.Path:
    """``TUMORCONNECTOME_WEIGHTS`` if set, else ``weights`` in the module's cache folder."""
    if chosen := os.environ.get("TUMORCONNECTOME_WEIGHTS"):
        return pathlib.Path(chosen).expanduser()
    return default_cache_folder() / "weights"


class WeightsStore:
    """The weights folder: files under the names of their sources, and what was seen of their contents.

    Parameters
    ----------
    folder : path, optional
        By default `weights_folder()`.
    """

    def __init__(self, folder=None):
        self.folder = pathlib.Path(folder) if folder is not None else weights_folder()

    def file_of(self, model: EncoderModel) -> pathlib.Path | None:
        """The model's weights file, None when it is not here; `checked_sha256` says whether it is the right one."""
        files = (self.folder / source.file_name for source in model.sources)
        return next((path for path in files if path.is_file()), None)

    def models_with_weights(self) -> list[str]:
        """Names of the models that can be used now."""
        return [name for name, model in MODELS.items()
                if not model.left_out and (not model.needs_weights or self.file_of(model) is not None)]

    def known_sha256(self, model: EncoderModel, path) -> str | None:
        """What the hash of a downloaded file must be: that of its source, else the one it had when it was first used.

        None for a file that was not used yet, and for a user's own.
        """
        source = self._source_of(model, path)
        if source is None or source.sha256:
            return source and source.sha256
        return self._records().get("pinned", {}).get(source.file_name)

    def checked_sha256(self, model: EncoderModel, path) -> str:
        """SHA-256 of a weights file; a file that has not changed since it was last seen is not read again.

        A file in the folder whose source tells no hash is pinned the first time.

        Raises
        ------
        InputError
            A file in the folder is not what its source says, or not what it was when it was first used.
        """
        path = pathlib.Path(path)
        try:
            stat = path.stat()
        except OSError as error:
            raise InputError(error.strerror or str(error), source=path, expected="a weights file") from None
        records, key = self._records(), str(path.resolve())
        seen = [stat.st_size, stat.st_mtime_ns]
        known = records.get("seen", {}).get(key)
        digest = known[2] if isinstance(known, list) and len(known) == 3 and known[:2] == seen else sha256_of_file(path)
        expected, source = self.known_sha256(model, path), self._source_of(model, path)
        if expected is not None and digest != expected:
            raise InputError(f"its SHA-256 is {digest}", source=path,
                             expected=f"{expected}, that of the weights of {model.name}")
        if known != [*seen, digest] or (source is not None and expected is None):
            records.setdefault("seen", {})[key] = [*seen, digest]
            if source is not None:
                records.setdefault("pinned", {})[source.file_name] = digest
            self._write(records)
        return digest

    def _source_of(self, model, path):
        """Which source a file of the folder came from, None for a file elsewhere."""
        path = pathlib.Path(path)
        if path.resolve().parent != self.folder.resolve():
            return None
        return next((source for source in model.sources if source.file_name == path.name), None)

    def _records(self):
        try:
            found = json.loads((self.folder / _RECORDS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        sound = isinstance(found, dict) and all(isinstance(part, dict) for part in found.values())
        return found if sound else {}

    def _write(self, records):
        """Remember; a folder that can only be read is of use, too."""
        with contextlib.suppress(OSError), atomic_file(self.folder / _RECORDS, "w", encoding="utf-8") as stream:
            json.dump(records, stream, indent=1)
