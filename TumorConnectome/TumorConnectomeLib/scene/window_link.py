"""One window for all shown patients: who changes it in one view changes it in every view."""
from __future__ import annotations

import vtk

from .image_views import LUNG, CTWindow, window_of
from .patient_nodes import PatientNodes


class WindowLink:
    """Keeps the window and level of the shown CTs equal.

    Attributes
    ----------
    window : CTWindow
    onChanged : callable
        Called with the CTWindow whenever it is set.
    """

    def __init__(self):
        self._observed, self._setting = [], False
        self.onChanged, self.window = lambda window: None, LUNG

    def watch(self, patients: list[PatientNodes]) -> None:
        """Link these patients; those that are new take the window of the others."""
        known = [node for node, _ in self._observed]
        self.forget()
        for patient in patients:
            display = patient.volume.GetDisplayNode()
            self._observed.append((display, display.AddObserver(vtk.vtkCommand.ModifiedEvent, self._onModified)))
        if patients and not known:                      # the first ones, maybe from a saved scene: theirs counts
            self.window = _window(self._observed[0][0])
        self.set(self.window)

    def set(self, window: CTWindow) -> None:
        """Show all linked patients in this window."""
        self.window, self._setting = window, True
        try:
            for display, _ in self._observed:
                if _window(display) != window:
                    display.AutoWindowLevelOff()
                    display.SetWindowLevel(window.width_hu, window.level_hu)
        finally:
            self._setting = False
        self.onChanged(window)

    def forget(self) -> None:
        """Let go of all patients."""
        for display, tag in self._observed:
            display.RemoveObserver(tag)
        self._observed = []

    def _onModified(self, display, event):
        if not self._setting and _window(display) != self.window:
            self.set(_window(display))


def _window(display):
    return window_of(display.GetWindow(), display.GetLevel())
