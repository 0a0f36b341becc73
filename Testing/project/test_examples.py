"""The examples in the docstrings of the rooms without Slicer are true."""
import doctest
import importlib
import linecache

from test_architecture import _GUI, _SLICER, FILES, all_imports, dotted, room_of


def modules():
    """Names of the files in the rooms without Slicer that can be imported without it."""
    return [dotted(path) for path in FILES if room_of(dotted(path)) and not any(
        found.name.split(".")[0] in _GUI | _SLICER and found.at_file_scope for found in all_imports()[path])
        and room_of(dotted(path)) not in ("commands", "panel", "widgets", "scene", "work")]


def test_examples_in_docstrings_are_true():
    linecache.clearcache()                              # doctest looks at each file in it, at each docstring
    finder, runner, found = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS), 0
    for name in modules():
        for example in finder.find(importlib.import_module(name), name):
            found += len(example.examples)
            runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
    assert found >= 10, "the examples are not found"
