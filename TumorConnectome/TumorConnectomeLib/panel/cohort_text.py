"""What the status line says about a cohort: how many patients, which rows of the files, what was verified."""
from slicer.i18n import tr as _

from ..cohort.cohort import Cohort
from ..cohort.row_rules import RowRule


def cohort_text(cohort: Cohort) -> str:
    """Name, size, patients with several rows, where clinical data come from, and whether the files are the published ones."""
    facts, models = cohort.provenance, len(cohort.models)
    rule = cohort.row_rule
    rows, used = facts.get("rows", 0), facts.get("rows_used", 0)
    text = _("{name}: {size}, {m} models.").format(name=cohort.name, size=size_text(cohort), m=models)
    if rule is RowRule.ALL:
        text += " " + _("Each row is a node of its own; neighbors of the same patient are marked, and evaluations count each "
                        "patient once.")
    elif rule is RowRule.FIRST:
        text += " " + _("Of each patient the first row counts: {n} of {all} rows.").format(n=used, all=rows)
    elif rule is RowRule.LATEST:
        text += " " + _("Of each patient the latest scan counts: {n} of {all} rows.").format(n=used, all=rows)
    elif rule is RowRule.MEAN:
        text += " " + _("Each is the mean of its rows' unit vectors ({n} rows); all else is of the first row.").format(n=used)
    if (left_out := facts.get("patients_left_out")) and not facts.get("unmatched"):
        why = _("{n} of {all} patients left out: more than one row, or not in every file.") if rule is RowRule.SINGLE \
            else _("{n} of {all} patients left out: no row that is in every file.")
        text += " " + why.format(n=left_out, all=facts["patients_in_files"])
    missing = "" if cohort.has_vectors else missing_vectors_text()
    return " ".join(filter(None, (text, facts.get("unmatched"), cohort.clinical, facts.get("verified"), missing)))


def size_text(cohort: Cohort) -> str:
    """How many patients, or rows of how many patients."""
    patients = len(set(cohort.node_patients))
    if patients == len(cohort.patients):
        return _("{n} patients").format(n=patients)
    return _("{n} rows of {p} patients").format(n=len(cohort.patients), p=patients)


def missing_vectors_text() -> str:
    """What the user is told about a cohort without vectors."""
    return _("Opened from neighbor lists, without the vectors: graph, lists, consensus, groups and images work; repair, maps, "
             "evaluation and queries by vector are off.")
