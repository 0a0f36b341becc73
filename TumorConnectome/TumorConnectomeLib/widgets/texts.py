"""Texts in labels and in the cells of tables."""
from __future__ import annotations

import qt

from ..base.text import elided_words


def put_text(item: qt.QTableWidgetItem, text: str, tooltip: str = "", spoken: str | None = None):
    """Show a text in a cell of a table or its header, and nothing at all if it is there: Qt lays out a table at every change.

    Parameters
    ----------
    item : QTableWidgetItem
    text, tooltip : str
    spoken : str, optional
        What a screen reader says; the tooltip by default, or the text where that is empty.
    """
    spoken = tooltip if spoken is None else spoken
    if item.text() != text:
        item.setText(text)
    if item.toolTip() != tooltip:
        item.setToolTip(tooltip)
    if (item.data(qt.Qt.AccessibleTextRole) or "") != spoken:
        item.setData(qt.Qt.AccessibleTextRole, spoken)


def show_text(label, text):
    """Write a text into a label; long words, such as UIDs, would widen the panel: they are elided, and whole in the tooltip."""
    shown = elided_words(text)
    label.text, label.toolTip = shown, text if shown != text else ""
