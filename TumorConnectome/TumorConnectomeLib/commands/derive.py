"""Worker command ``derive``: analyses made from those of a prepared cohort, left in the cache."""
import argparse
import pathlib

from ..base.errors import InputError
from ..connectome.derived import consensus_analysis, repaired_analysis
from ..connectome.derived_file import VERSION, read_derived, write_derived
from ..connectome.prepared import read_prepared
from ..neighbors.consensus import CONSENSUS
from ..neighbors.repairs import Repair


def derive_command(arguments, report):
    """Make sure that the cache holds derived analyses.

    Parameters
    ----------
    arguments : list of str
        ``--cache FOLDER``, ``--prepared FILE`` (of the worker ``prepare``), ``--repair NAME``, and ``--consensus`` for the
        consensus of all models under that repair instead of the models themselves.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``path`` of the file, to be read by `connectome.derived_file.read_derived`.
    """
    parser = argparse.ArgumentParser(prog="derive")
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--prepared", required=True, type=pathlib.Path)
    parser.add_argument("--repair", choices=[repair.value for repair in Repair], default=Repair.NONE.value)
    parser.add_argument("--consensus", action="store_true")
    options = parser.parse_args(arguments)
    report(0.0, "Reading the cohort")
    prepared, repair = read_prepared(options.prepared), Repair(options.repair)
    path = _file(options.cache, options.prepared, repair, options.consensus)
    (fused_analyses if options.consensus else repaired_analyses)(options.cache, options.prepared, prepared, repair, report)
    return {"path": str(path)}


def fused_analyses(cache, source, prepared, repair, report):
    """The consensus of the models under a repair, by its name: from the cache, or made and written there.

    Parameters
    ----------
    cache, source : pathlib.Path
        Folder of the cache, and the file of the prepared cohort.
    prepared : PreparedCohort
    repair : Repair
    report : callable
        Called with the fraction done and a text.
    """
    path = _file(cache, source, repair, True)
    found = _cached(path, prepared)
    if found is None:
        analyses = prepared.analyses
        if repair is not Repair.NONE:
            analyses = repaired_analyses(cache, source, prepared, repair,
                                         lambda fraction, message="": report(0.6 * fraction, message))
        report(0.6, "Consensus of the models")
        found = {CONSENSUS: consensus_analysis(analyses)}
        write_derived(path, found)
    return found


def repaired_analyses(cache, source, prepared, repair, report):
    """The repaired analyses of all models by name, as `fused_analyses`."""
    path = _file(cache, source, repair, False)
    analyses = _cached(path, prepared)
    if analyses is None:
        analyses = repaired_analysis(prepared.cohort, prepared.analyses, repair, report)
        write_derived(path, analyses)
    return analyses


def _file(cache, source, repair, consensus):
    return cache / "derived" / f"{source.stem}-{repair.value}{'-consensus' * consensus}-v{VERSION}.npz"


def _cached(path, prepared):
    """The analyses in a cache file; None when there is none or it is of no use."""
    if not path.exists():
        return None
    try:
        return read_derived(path, len(prepared.cohort.patients))
    except InputError:                                  # damaged: made anew
        return None
