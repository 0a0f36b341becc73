"""The examples in the docstrings of the core are true."""
import doctest
import importlib

from test_architecture import FILES, dotted, layer_of

MODULES = [dotted(path) for path in FILES if layer_of(dotted(path)) == "core"]


def test_examples_in_docstrings_are_true():
    finder, runner, found = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.ELLIPSIS), 0
    for name in MODULES:
        for example in finder.find(importlib.import_module(name), name):
            found += len(example.examples)
            runner.run(example)
    assert runner.summarize(verbose=False).failed == 0
    assert found >= 10, "the examples are not found"
