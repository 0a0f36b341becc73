"""Errors with one clear line for the user."""
from .text import shortened

#: characters that an error's text may have, and each part of it: a list of all files of a CT is no text for a user
LONGEST_TEXT, _LONGEST_PLACE, _LONGEST_PART = 2000, 500, 300


class TumorConnectomeError(Exception):
    """Something the user can act on: its text is one line, shown as it is.

    Parameters
    ----------
    text : str
        Cut in its middle when it has more than `LONGEST_TEXT` characters.
    """

    def __init__(self, text=""):
        super().__init__(shortened(str(text), LONGEST_TEXT))


class InputError(TumorConnectomeError, ValueError):
    """Bad input.

    Parameters
    ----------
    problem : str
        What is wrong, without the place ("'feature' has 511 values").
    source : path or str, optional
        The file (or folder) it is in.
    row : int or str, optional
        The place inside the file: a row number counted from 1, or any text such as a column name.
    expected : str, optional
        What was expected instead.

    Examples
    --------
    >>> print(InputError("'age' is 'old'", source="patients.csv", row=7, expected="a number"))
    patients.csv, row 7: 'age' is 'old'; expected a number
    """

    def __init__(self, problem, *, source=None, row=None, expected=None):
        self.problem, self.source, self.row, self.expected = problem, source, row, expected
        problem, expected = shortened(str(problem), _LONGEST_PART), shortened(str(expected or ""), _LONGEST_PART)
        row = f"row {row}" if isinstance(row, int) else row
        place = ", ".join(shortened(str(part), _LONGEST_PLACE) for part in (source, row) if part is not None)
        text = f"{place}: {problem}" if place else problem
        text = f"{text}; expected {expected}" if expected else text
        super().__init__("".join(character if character.isprintable() else " " for character in text))


class NotAvailable(TumorConnectomeError):
    """A source does not have what was asked for; the next one may."""


#: name of a module -> name of the package that brings it, where they differ
_PACKAGES = {"sklearn": "scikit-learn", "umap": "umap-learn", "idc_index_data": "idc-index-data"}


class PackageMissing(TumorConnectomeError):
    """An action needs a Python package that is not installed; the module offers to install it.

    Parameters
    ----------
    problem : str
        The line for the user.
    package : str
        What to install, by its name in Resources/requirements*.txt.
    """

    def __init__(self, problem, package):
        super().__init__(problem)
        self.package = package

    @classmethod
    def of(cls, error: ModuleNotFoundError):
        """The same, from a failed import."""
        module = (error.name or "").partition(".")[0]
        package = _PACKAGES.get(module, module)
        return cls(f"the Python package {package} is not installed", package)


class JobFailed(TumorConnectomeError):
    """A child process ended without its result."""


class Cancelled(TumorConnectomeError):
    """The user stopped it."""

    def __init__(self, what="Cancelled"):
        super().__init__(what)
