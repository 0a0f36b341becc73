"""The names that qt, ctk and slicer offer in a running Slicer, from the committed table slicer-names.json.gz.

The table is what dir() answered in Slicer 5.13; export_names.py makes it anew. An entry of the table is a list of names,
a dictionary name -> signature, or {"base": "qt.QWidget", "names": [...]}, which has the names of the base too.
"""
import functools
import gzip
import json
import pathlib

PATH = pathlib.Path(__file__).with_name("slicer-names.json.gz")

#: PythonQt maps these to names that are not Python keywords or that the table has in another form
_ALIASES = {"exec": "exec_", "raise": "raise_", "print": "print_", "del": "del_"}

#: work although dir() does not list them
_UNLISTED = {"name", "objectName", "getSizeHint", "getMinimumSizeHint"}

#: listed by dir(), but they fail when they are used
_BROKEN = {"QDialogButtonBox": {"button"}}

#: classes that Slicer does not offer, but an object of which the table knows
_SINGLE_OBJECTS = {"qSlicerApplication": "slicer.app"}


@functools.cache
def table():
    """The whole table as nested dictionaries."""
    return json.loads(gzip.decompress(PATH.read_bytes()))


def _names(entry):
    names = set(entry["names"] if isinstance(entry, dict) and "names" in entry else entry)
    if isinstance(entry, dict) and "base" in entry:
        module, name = entry["base"].split(".")
        names |= _names(table()[module]["classes"][name])
    return names


@functools.cache
def of_class(name):
    """Names of the instances of a class of qt, ctk or slicer (frozenset), or None if Slicer has no such class."""
    if name in _SINGLE_OBJECTS:
        return of_object(_SINGLE_OBJECTS[name])
    entry = next((table()[module]["classes"][name] for module in ("qt", "ctk", "slicer")
                  if name in table()[module]["classes"]), None)
    return None if entry is None else _usable(_names(entry)) - _BROKEN.get(name, set())


@functools.cache
def of_object(key):
    """Names of a single object, such as "slicer.app", "sliceView" or "slicer.util" (frozenset)."""
    return _usable(_names(table()[key]))


@functools.cache
def of_module(module):
    """Names of the modules qt, ctk and slicer (frozenset): classes and functions."""
    entry = table()[module]
    return frozenset(entry["classes"]) | frozenset(entry["names"])


def _usable(names):
    return frozenset({_ALIASES.get(name, name) for name in names} | _UNLISTED)
