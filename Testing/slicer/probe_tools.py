"""What the probes share: words for what comes back, nodes and files that go again."""
import shutil
import tempfile

import slicer

NO_EFFECT = "no effect"


class NotHere(Exception):
    """A row can not be tried in this application."""


def described(value):
    """A value in the words of the table: no list but a tuple, 0 for no item, the class of an exception."""
    if isinstance(value, BaseException):
        return type(value).__name__
    if value is NO_EFFECT:
        return NO_EFFECT
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (list, tuple)):
        return "()" if not value else str(tuple(value))
    return str(value)


def refused(call, *arguments):
    """The exception that a call raises; NO_EFFECT if it raises none."""
    try:
        call(*arguments)
    except Exception as error:
        return error
    return NO_EFFECT


def added(cleaning, class_name, name="Probe"):
    """A new node that is removed in the end."""
    node = slicer.mrmlScene.AddNewNodeByClass(class_name, name)
    cleaning.callback(remove, node)
    return node


def remove(node):
    """Remove a node if it is still there."""
    if slicer.mrmlScene.IsNodePresent(node):
        slicer.mrmlScene.RemoveNode(node)


def folder(cleaning):
    """A temporary folder that is removed in the end."""
    path = tempfile.mkdtemp()
    cleaning.callback(shutil.rmtree, path, True)
    return path


def layout_manager():
    """The layout manager; NotHere without a main window."""
    manager = slicer.app.layoutManager()
    if manager is None:
        raise NotHere("there is no layout manager without a main window")
    return manager
