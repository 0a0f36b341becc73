"""What people name of a cohort, on the command line, in a notebook or in a job: models, facets, maps, numbers of neighbors."""
from __future__ import annotations

import json
from collections.abc import Sequence

from ..base.errors import InputError

#: stands for every name, in any case
ALL = "all"


def chosen_names(what: str, wanted: str | Sequence[str], possible: Sequence[str], source=None, *,
                 everything: Sequence[str] | None = None) -> tuple[str, ...]:
    """Those of the possible names that are wanted, in their order, without regard to case and without repetitions.

    Parameters
    ----------
    what : str
        What they are names of, for the error.
    wanted : str or sequence of str
        ``"all"``, a name, several with commas between them, a JSON list of names; or a sequence of names.
    possible : sequence of str
    source : str or path, optional
        Where they are from, for the error.
    everything : sequence of str, optional
        What ``"all"`` stands for, when that is not all that is possible.

    Raises
    ------
    InputError
        Another name, or none.

    Examples
    --------
    >>> chosen_names("model", "merlin, CTFM", ["CTFM", "Merlin", "SUPREME"])
    ('Merlin', 'CTFM')
    >>> chosen_names("model", "All", ["CTFM", "Merlin"])
    ('CTFM', 'Merlin')
    """
    if isinstance(wanted, str) and wanted in possible:      # as it is: a name may have a comma
        return (wanted,)
    parts = parts_of(wanted) if isinstance(wanted, str) else [str(part) for part in wanted]
    if [part.lower() for part in parts] == [ALL] and ALL not in (name.lower() for name in possible):
        return tuple(possible if everything is None else everything)
    by_name, chosen = {name.lower(): name for name in possible}, []
    for part in parts or [""]:
        if part not in possible and part.lower() not in by_name:
            raise InputError(f"no {what} {part!r}", source=source, expected=f"all or some of {', '.join(possible) or 'none'}")
        chosen.append(part if part in possible else by_name[part.lower()])
    return tuple(dict.fromkeys(chosen))


def parts_of(text: str) -> list[str]:
    """Names in a text such as "CTFM,Merlin", or in a JSON list, for names with a comma."""
    if text.lstrip().startswith("["):
        try:
            return [str(part) for part in json.loads(text)]
        except ValueError:
            raise InputError(f"{text!r} is no JSON list of names") from None
    return [part.strip() for part in text.split(",") if part.strip()]


def checked_k(k: int, count: int, source=None, *, largest: int | None = None, called: str = "--k") -> int:
    """`k` neighbors, if every one of `count` patients has that many others.

    Parameters
    ----------
    k, count : int
    source : str or path, optional
        Where the patients are from, for the error.
    largest : int, optional
        The most that can be asked for, when that is not ``count - 1``.
    called : str
        What the user knows `k` as.

    Raises
    ------
    InputError
        `k` is not 1 to the largest.
    """
    largest = count - 1 if largest is None else largest
    if not 1 <= k <= largest:
        raise InputError(f"{called} {k}", source=source,
                         expected=f"1 to {largest} for {count} patients" if largest > 0 else "at least two patients")
    return k
