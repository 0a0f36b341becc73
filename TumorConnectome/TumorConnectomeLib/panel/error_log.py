"""Errors that no user can act on: in Slicer's error log with where they happened, without a dialog."""
import sys

from ..base.errors import LONGEST_TEXT
from ..base.text import shortened


class ProgramError(Exception):
    """Stands in the log for an error of another kind, of which it has the place and a text of bearable length."""


def report_error(error):
    """Report an exception as one is reported that nobody caught: with its traceback, and the application goes on.

    PythonQt repeats all arguments of a call that it refuses, so that an error's text may hold every file name of a CT.
    """
    told = ProgramError(shortened(f"{type(error).__name__}: {error}", LONGEST_TEXT)).with_traceback(error.__traceback__)
    sys.excepthook(ProgramError, told, error.__traceback__)
