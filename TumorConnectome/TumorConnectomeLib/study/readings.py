"""What readers chose in a study: for every reader and query five of ten candidates, beside the five that the model chose."""
from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError

#: candidates of a query, and how many of them a reader chooses
CANDIDATES, CHOSEN = 10, 5
#: names of rows that are no single reader; nobody may be called so
CONSENSUS, ALL = "consensus", "all"
#: beside letters and digits in the names of readers that have files
_IN_NAMES = "._- '()@+&"


def checked_readers(names: Sequence[str], *, source=None) -> tuple[str, ...]:
    """Names of readers as they are, or InputError for one that is empty, doubled, too long or has a meaning of its own."""
    for number, name in enumerate(names):
        if name.lower() in (CONSENSUS, ALL):
            raise InputError(f"a reader is called {name!r}", source=source,
                             expected="another name: results of several readers have this one")
        if not name or name != name.strip() or len(name) > 60 or not name.isprintable():
            raise InputError(f"{name[:60]!r} is no name of a reader", source=source, expected="1 to 60 printable characters")
        if name in names[:number]:
            raise InputError(f"two readers are called {name!r}", source=source, expected="different names")
    return tuple(names)


def answers_name(reader: str) -> str:
    """Name of the file of a reader's answers: letters of any language, in the form in which all systems write them.

    Raises
    ------
    InputError
        The name has characters that a file name can not have everywhere, or no letter or digit.
    """
    plain = unicodedata.normalize("NFC", reader)
    letters = [character for character in plain if unicodedata.category(character)[0] in "LMN"]
    if not letters or set(plain) - set(letters) - set(_IN_NAMES):
        raise InputError(f"{reader[:80]!r} can not be a file name",
                         expected=f"letters, digits, {', '.join(map(repr, _IN_NAMES))}")
    return f"ANSWERS-{plain}.json"


@dataclass(frozen=True, eq=False)
class Readings:
    """All choices of a study: R readers, Q queries, ten candidates each.

    Parameters
    ----------
    readers, queries : tuple of str
        Names.
    model : np.ndarray
        bool, shape (Q, 10): the five that the model chose.
    chosen : np.ndarray
        bool, shape (R, Q, 10): the five that the reader chose; all False where there is no answer.
    answered : np.ndarray
        bool, shape (R, Q): whether the reader chose; a skipped query or an unfinished choice is no answer.
    seconds : np.ndarray
        float64, shape (R, Q): time for the choice; NaN where it is not known.
    again, answered_again : np.ndarray
        As `chosen` and `answered`, when the query was shown a second time.
    places : np.ndarray or None
        int, shape (Q, 10): 1 for the candidate most similar by the model, 10 for the least; None where only the model's
        five are known.
    margins : np.ndarray or None
        float64, shape (Q,): how much more similar by the model its last chosen candidate is than the first not chosen, as a
        difference of percentiles.
    """

    readers: tuple[str, ...]
    queries: tuple[str, ...]
    model: np.ndarray
    chosen: np.ndarray
    answered: np.ndarray
    seconds: np.ndarray
    again: np.ndarray
    answered_again: np.ndarray
    places: np.ndarray | None = None
    margins: np.ndarray | None = None

    @classmethod
    def of_choices(cls, readers, queries, model, chosen, answered=None) -> Readings:
        """Readings without times, second readings and ranks; everything is answered where nothing else is said."""
        chosen = np.asarray(chosen, bool)
        answered = np.ones(chosen.shape[:2], bool) if answered is None else np.asarray(answered, bool)
        return cls(tuple(readers), tuple(queries), np.asarray(model, bool), chosen & answered[..., None], answered,
                   np.full(answered.shape, np.nan), np.zeros(chosen.shape, bool), np.zeros(answered.shape, bool))

    @property
    def votes(self) -> np.ndarray:
        """Readers who chose each candidate: int64, shape (Q, 10)."""
        return self.chosen.sum(0)

    @property
    def voters(self) -> np.ndarray:
        """Readers who answered each query: int64, shape (Q,)."""
        return self.answered.sum(0)

    def of_reader(self, number: int) -> Readings:
        """The readings of one reader alone."""
        return self._part(readers=slice(number, number + 1))

    def of_queries(self, queries: np.ndarray) -> Readings:
        """The readings of some queries; `queries` are their indices."""
        return self._part(queries=queries)

    def _part(self, readers=slice(None), queries=slice(None)):
        numbers = np.arange(len(self.queries))[queries]
        def both(values):
            return values[readers][:, queries]
        return Readings(self.readers[readers], tuple(self.queries[i] for i in numbers), self.model[queries], both(self.chosen),
                        both(self.answered), both(self.seconds), both(self.again), both(self.answered_again),
                        None if self.places is None else self.places[queries],
                        None if self.margins is None else self.margins[queries])


def majority(votes: np.ndarray, voters: np.ndarray) -> np.ndarray:
    """The consensus: candidates that more than half of the readers chose; exactly half is no majority.

    It has five images only by chance: three of five readers may agree on three images or on seven.

    Parameters
    ----------
    votes : np.ndarray
        Shape (..., Q, 10): readers who chose the candidate.
    voters : np.ndarray
        Shape (..., Q): readers who answered the query.

    Returns
    -------
    np.ndarray
        bool, shape (..., Q, 10).
    """
    return 2 * votes > voters[..., None]
