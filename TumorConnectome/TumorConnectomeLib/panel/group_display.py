"""Shows the lasso's group in the panel: how many patients, and how it differs from the cohort."""
from __future__ import annotations

from html import escape

import qt
from slicer.i18n import tr as _

from ..base.text import elided
from ..cohort.group import group_summary
from .changes import COLUMNS
from .json_list import list_from_text


class GroupDisplay:
    """The group section of the panel.

    Parameters
    ----------
    panel : Panel
        Its `set` writes the state.
    """

    def __init__(self, panel):
        self._ui, self._state, self._ids = panel.ui, panel.state, ()
        self._ui.clearGroupButton.connect("clicked(bool)", lambda checked=False: panel.set(group=""))
        self._ui.copyGroupButton.connect("clicked(bool)", self._onCopy)
        panel.state.bind(self.describeGroup, "group", "facet", "numberColors", COLUMNS)

    def describeGroup(self, parameters):
        """Show the group against the cohort, by the facet that colors the patients."""
        cohort, facet, ui = self._state.cohort, self._state.facetOf(parameters), self._ui
        known = [patient for patient in list_from_text(parameters.group) if patient in cohort.rows]
        ui.clearGroupButton.enabled = ui.copyGroupButton.enabled = bool(known)
        if not known:
            self._ids, ui.groupLabel.text = (), _("Draw a lasso around patients with the Shift key held down.")
            return
        summary = group_summary(cohort, known)
        self._ids = summary.patient_ids
        ui.groupLabel.text = "<b>{}</b>{}<p>{}</p>".format(
            escape(_("{n} of {all} patients").format(n=summary.count, all=len(cohort.patients))),
            "".join(self._table(composition) for composition in summary.facets if facet and composition.key == facet.key),
            escape(", ".join(map(elided, self._ids))))

    def _table(self, composition):
        head = "".join(f"<th align='left'>{escape(text)}&nbsp;&nbsp;</th>" for text in (
            elided(composition.title), _("group"), _("cohort"), _("p (Fisher)"), _("q (all facets)")))
        cells = [(escape(elided(share.category)), f"{share.in_group} ({100 * share.group_share:.0f} %)",
                  f"{share.in_cohort} ({100 * share.cohort_share:.0f} %)", f"{share.p:.3f}", f"{share.q:.3f}")
                 for share in composition.shares]
        rows = "".join("<tr>" + "".join(f"<td>{cell}&nbsp;&nbsp;</td>" for cell in row) + "</tr>" for row in cells)
        note = _("A group drawn by eye was not chosen by chance: p and q describe it, they prove nothing.")
        return f"<table><tr>{head}</tr>{rows}</table><i>{escape(note)}</i>"

    def _onCopy(self, checked=False):
        qt.QApplication.clipboard().setText("\n".join(self._ids))
