"""The report of an evaluation in the panel: shown, copied, saved."""
from __future__ import annotations

import pathlib

import qt
from slicer.i18n import tr as _

from ..core.evaluation.report import Report, report_body, report_html, report_text
from ..core.files import atomic_file


class ReportBox:
    """Shows a Report and writes it.

    Parameters
    ----------
    ui : namespace
        Child widgets of the panel.
    status : StatusLine
        Says what became of it.
    """

    def __init__(self, ui, status):
        self._ui, self._status, self.report = ui, status, None
        ui.copyReportButton.connect("clicked(bool)", self.copy)
        ui.saveReportButton.connect("clicked(bool)", self._onSave)

    def show(self, report: Report | None):
        """Show a report, or none."""
        if report != self.report:
            self.report = report
            self._ui.verdictBrowser.setHtml(report_body(report, table=False) if report else "")
        for widget in (self._ui.verdictBrowser, self._ui.copyReportButton, self._ui.saveReportButton):
            widget.setVisible(report is not None)

    def copy(self, checked=False):
        """Put the report into the clipboard as text."""
        qt.QApplication.clipboard().setText(report_text(self.report))
        self._status.done(_("The report is in the clipboard."))

    def save(self, path):
        """Write the report: a web page, or text if the path ends in .txt."""
        text = report_text(self.report) if str(path).lower().endswith(".txt") else report_html(self.report)
        try:
            with atomic_file(path, "w", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            self._status.done(f"{path}: {error.strerror or error}", problem=True)
        else:
            self._status.done(_("Written: {path}").format(path=pathlib.Path(path)))

    def _onSave(self, checked=False):
        path = qt.QFileDialog.getSaveFileName(self._ui.saveReportButton, _("Save the report"), "which-model-for-what.html",
                                              "*.html *.txt")
        if path:
            self.save(path)
