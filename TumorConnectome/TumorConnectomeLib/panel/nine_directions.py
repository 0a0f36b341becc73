"""The window with the tumors in nine directions, query and neighbor side by side."""
from __future__ import annotations

import pathlib

import qt
from slicer.i18n import tr as _

from ..base.errors import TumorConnectomeError
from ..base.files import atomic_file
from ..scene.patient_nodes import SERIES_ATTRIBUTE, tumor_size_mm
from ..scene.tumor_picture import tumor_cuts
from ..widgets.directions_sheet import DirectionCell, DirectionPanel, DirectionsSheet

#: side of the pictures, as in nodule papers, and what the user may choose [mm]
_FIELD_MM, _SMALLEST_MM, _LARGEST_MM = 50, 20, 150
_PIXELS = 190
#: as many fit beside each other
_PATIENTS = 2
#: pixels of the file per pixel of the sheet
_FILE_SCALE = 2.0


class NineDirections:
    """A window beside the application; it follows what is shown and its window settings.

    Parameters
    ----------
    display : ImageDisplay
    parent : QWidget
        The window above which it stays.
    """

    def __init__(self, display, parent):
        self._display, self._parent, self._dialog, self._cuts = display, parent, None, {}

    @property
    def statusText(self):
        """What the window says below the picture."""
        return self._status.text

    def show(self):
        """Open the window, or bring it to the front."""
        first = self._dialog is None
        if first:
            self._build()
        self._dialog.show()
        self.refresh()
        if first:
            width, height = self.sheet.sheetSize()
            room = self._parent.window()                # no larger than the application: it may fill the screen
            self._dialog.resize(min(width + 20, room.width), min(height + 70, room.height))
        self._dialog.raise_()
        self._dialog.activateWindow()

    def cleanup(self):
        """Close and delete the window."""
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
            self._dialog = None

    def refresh(self):
        """Show the present patients in the present window."""
        if self._dialog is None or not self._dialog.visible:
            self._cuts = {}
            return
        field, shown = self._field.value, dict(list(self._display.shown.items())[:_PATIENTS])
        keys = {place: (patient.patient_id, patient.volume.GetAttribute(SERIES_ATTRIBUTE), field)
                for place, patient in shown.items()}
        self._cuts = {key: self._cuts.get(key) or tumor_cuts(shown[place], field, _PIXELS) for place, key in keys.items()}
        self.sheet.setPanels(tuple(self._panel(place, self._cuts[keys[place]]) for place in shown))
        self._save.enabled = bool(shown)
        self._status.text = "" if shown else _("No images are shown.")

    def save(self, path):
        """Write the sheet as PNG, and say so."""
        try:
            data, buffer = qt.QByteArray(), qt.QBuffer()
            buffer.setBuffer(data)
            buffer.open(qt.QIODevice.WriteOnly)
            self.sheet.drawn(_FILE_SCALE).save(buffer, "PNG")
            with atomic_file(path) as stream:
                stream.write(data.data())
        except (TumorConnectomeError, OSError) as error:
            text = f"{path}: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)
            self._status.text = f"\N{WARNING SIGN} {text}"
        else:
            self._status.text = _("Written: {path}").format(path=pathlib.Path(path))

    def _panel(self, place, cuts):
        window, patient = self._display.window.window, self._display.shown[place]
        cells = tuple(DirectionCell(_(cut.direction.name), cut.direction.edges, cut.picture(window), cut.field_mm)
                      for cut in cuts)
        title = self._display.title(place)
        caption = [_("Patient {patient}, CT series {series}").format(
            patient=patient.patient_id, series=patient.volume.GetAttribute(SERIES_ATTRIBUTE))]
        size = f"{cuts[0].field_mm:g} \N{MULTIPLICATION SIGN} {cuts[0].field_mm:g} mm"
        caption.append(_("{window}, {size} each, all through the center of the largest lesion box (yellow)").format(
            window=window, size=size))
        if tumor_size_mm(patient) > cuts[0].field_mm:
            caption.append(_("The box is {size:.0f} mm long and larger than the pictures.").format(size=tumor_size_mm(patient)))
        return DirectionPanel(title, tuple(caption), cells)

    def _build(self):
        self._dialog = dialog = qt.QDialog(self._parent)
        dialog.setModal(False)
        dialog.windowTitle = _("Tumors in nine directions")
        dialog.objectName = "TumorConnectomeNineDirections"
        self.sheet, self._status, self._field = DirectionsSheet(), qt.QLabel(""), qt.QSpinBox()
        self._field.setRange(_SMALLEST_MM, _LARGEST_MM)
        self._field.value, self._field.singleStep = _FIELD_MM, 10
        self._field.suffix = _(" mm")
        self._field.accessibleName = _("Side of each picture in mm")
        label = qt.QLabel(_("Side of each picture:"))
        label.setBuddy(self._field)
        self._save, close = qt.QPushButton(_("Save PNG\N{HORIZONTAL ELLIPSIS}")), qt.QPushButton(_("Close"))
        self._field.connect("valueChanged(int)", self._onField)
        self._save.connect("clicked(bool)", self._onSave)
        close.connect("clicked(bool)", self._onClose)
        column, row = qt.QVBoxLayout(dialog), qt.QHBoxLayout()
        for widget in (label, self._field):
            row.addWidget(widget)
        row.addWidget(self._status, 1)
        for widget in (self._save, close):
            row.addWidget(widget)
        column.addWidget(self.sheet, 1)
        column.addLayout(row)

    def _onField(self, value):
        self.refresh()

    def _onSave(self, checked=False):
        patients = "-".join(patient.patient_id for patient in list(self._display.shown.values())[:_PATIENTS])
        path = qt.QFileDialog.getSaveFileName(self._dialog, _("Save the picture"), f"{patients}-nine-directions.png", "*.png")
        if path:
            self.save(path)

    def _onClose(self, checked=False):
        self._dialog.close()
