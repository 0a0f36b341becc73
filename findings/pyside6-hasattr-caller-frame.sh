#!/bin/sh
# PySide6: when a process ends, Qt's classes are asked for attributes without any calling frame.
#
# Slicer's modules run under PythonQt, where QWidget.width is a property; under PySide6 it is a method. What serves both kinds of
# code has to tell them apart by the frame of the caller.
# Expected: whoever asks for an attribute is Python code, or an error in such a hook is shown in every version of Python.
# Seen in PySide6-Essentials 6.11.3: at the end PySide6's C++ asks by PyObject_HasAttr while no Python code runs: there is no such
# frame, and sys._getframe raises ValueError. Up to Python 3.12 that is swallowed; since 3.13 every one is printed as "Exception
# ignored in PyObject_HasAttr()". PYTHON chooses the interpreter; the run tells what this one does.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check PySide6-Essentials==6.11.3
cat > "$folder/asks.py" <<'PYTHON'
import os
import sys

import PySide6
from PySide6 import QtCore


class ByCaller:
    """An attribute that looks at the frame of the code that asks for it."""

    def __init__(self, name, raw):
        self.name, self.raw = name, raw

    def __get__(self, thing, owner):
        try:
            sys._getframe(1)
        except ValueError:
            os.write(1, f"asked without a frame: {owner.__name__}.{self.name}\n".encode())
            raise
        return self.raw.__get__(thing, owner) if hasattr(self.raw, "__get__") else self.raw


print("Python", sys.version.split()[0], "PySide6", PySide6.__version__, flush=True)
for cls in (QtCore.QObject, QtCore.QTimer, QtCore.QCoreApplication):
    for name, raw in [item for item in vars(cls).items() if not item[0].startswith("_")]:
        setattr(cls, name, ByCaller(name, raw))
application = QtCore.QCoreApplication([])
PYTHON
"$folder/venv/bin/python" "$folder/asks.py" > "$folder/output" 2> "$folder/errors"
cat "$folder/output" "$folder/errors"
asked=$(grep -c "^asked without a frame" "$folder/output" || true)
printed=$(grep -c "^Exception ignored in PyObject_HasAttr()" "$folder/errors" || true)
echo "expected: PyObject_HasAttr answers yes or no and keeps errors to itself, as for decades"
echo "seen: asked $asked times without a frame, $printed of the errors printed"
[ "$asked" -gt 0 ]
if "$folder/venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 13))'; then
    [ "$printed" = "$asked" ]
else
    [ "$printed" = 0 ]
fi
