#!/bin/sh
# PySide6: QtNetwork needs a library that neither the wheel nor the manylinux standard brings.
#
# Expected: the wheel is tagged manylinux, so it brings what is not on the list of PEP 600.
# Seen in PySide6-Essentials 6.11.3: QtNetwork links libgssapi_krb5.so.2 (MIT Kerberos): not on the list, not in the wheel, not in
# its metadata.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check PySide6-Essentials==6.11.3
QT_QPA_PLATFORM=offscreen "$folder/venv/bin/python" - <<'PYTHON'
import ctypes
import importlib.metadata
import pathlib
import sys

package = importlib.metadata.distribution("PySide6-Essentials")
library = b"libgssapi_krb5.so.2"
files = [pathlib.Path(package.locate_file(file)) for file in package.files]
linking = sorted(path.name for path in files if ".so" in path.name and path.is_file() and library in path.read_bytes())
inside = [path.name for path in files if path.name.startswith("libgssapi")]
declared = [line for line in package.read_text("METADATA").splitlines() if "gssapi" in line.lower() or "krb5" in line.lower()]
tags = [line for line in package.read_text("WHEEL").splitlines() if line.startswith("Tag:")]
try:
    ctypes.CDLL(library.decode())
    here = True
except OSError:
    here = False
try:
    from PySide6 import QtNetwork  # noqa: F401
    imported = "imports"
except ImportError as error:
    imported = f"ImportError: {error}"
print(f"Python {sys.version.split()[0]}, PySide6-Essentials {package.version}, {'; '.join(tags)}")
print("expected: files of a manylinux wheel link only what PEP 600 lists or the wheel itself holds")
print(f"seen: {linking} link {library.decode()}; in the wheel: {inside}; in its metadata: {declared}")
print(f"this system {'has' if here else 'lacks'} it: PySide6.QtNetwork {imported}")
sys.exit(not (linking == ["libQt6Network.so.6"] and not inside and not declared and here == (imported == "imports")))
PYTHON
