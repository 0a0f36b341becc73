"""Where weights files lie, which models have one, and what their contents must be: nothing is used before its hash is known."""
from __future__ import annotations

import json
import os
import pathlib

from ..base.errors import InputError
from ..base.files import atomic_file, default_cache_folder, sha256_of_file
from .models import MODELS, EncoderModel

_PINS = "weights.json"


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
        """What the file's hash must be: that of its source, else the one pinned when it was first used; None if neither."""
        source = next((source for source in model.sources if source.file_name == pathlib.Path(path).name), None)
        if source is not None and source.sha256:
            return source.sha256
        return self._pins().get("pinned", {}).get(self._key(path))

    def checked_sha256(self, model: EncoderModel, path) -> str:
        """SHA-256 of a weights file; a file that has not changed since it was last seen is not read again.

        Raises
        ------
        InputError
            The file of a source, or one that was used before, has other contents.
        """
        path = pathlib.Path(path)
        try:
            stat = path.stat()
        except OSError as error:
            raise InputError(error.strerror or str(error), source=path, expected="a weights file") from None
        pins, key = self._pins(), self._key(path)
        seen = [str(path.resolve()), stat.st_size, stat.st_mtime_ns]
        entry = pins.get("seen", {}).get(key)
        if isinstance(entry, list) and entry[:3] == seen and len(entry) == 4:
            return str(entry[3])
        digest, known = sha256_of_file(path), self.known_sha256(model, path)
        if known is not None and digest != known:
            raise InputError(f"its SHA-256 is {digest}", source=path, expected=f"{known}, that of the weights of {model.name}")
        pins.setdefault("seen", {})[key] = [*seen, digest]
        pins.setdefault("pinned", {})[key] = digest
        self._write(pins)
        return digest

    def _key(self, path):
        return str(pathlib.Path(path).resolve())

    def _pins(self):
        try:
            found = json.loads((self.folder / _PINS).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, pins):
        with atomic_file(self.folder / _PINS, "w", encoding="utf-8") as stream:
            json.dump(pins, stream, indent=1)
