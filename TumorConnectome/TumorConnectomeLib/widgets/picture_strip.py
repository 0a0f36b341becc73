"""A strip of pictures: the selected patient and its neighbors side by side."""
from __future__ import annotations

import qt

from .picture_tile import PictureTile, TileInfo
from .pixel_image import image_of_array

_GAP = 6


class PictureStrip(qt.QWidget):
    """Shows one tile per patient, the selected one first; scrolls sideways when there is no room for all.

    Parameters
    ----------
    translate : callable
        Translates interface text.

    Attributes
    ----------
    onPicked : callable
        Called with the PatientID of a tile that was clicked, or on which Enter or the space bar was pressed.
    """

    def __init__(self, translate=lambda text: text, parent=None):
        super().__init__(parent)
        self.onPicked = lambda patientId: None
        self._translate, self._tiles = translate, []
        self._row = qt.QWidget()
        self._rowLayout = qt.QHBoxLayout(self._row)
        self._rowLayout.setContentsMargins(0, 0, 0, 0)
        self._rowLayout.setSpacing(_GAP)
        self._rowLayout.addStretch(1)
        self._area = qt.QScrollArea()
        self._area.setFrameShape(qt.QFrame.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(qt.Qt.NoFocus)
        self._area.setWidget(self._row)
        self._note = qt.QLabel()
        self._note.setWordWrap(True)
        self._note.hide()
        column = qt.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._area)
        column.addWidget(self._note)
        self.accessibleName = translate("Pictures of the selected patient and its neighbors")
        self._fitHeight()

    @property
    def tiles(self):
        """The PictureTiles in the order shown."""
        return tuple(self._tiles)

    def setTiles(self, infos: list[TileInfo]):
        """Show these patients, the selected one first; pictures of those that stay are kept, marks are not."""
        if infos == [tile.info for tile in self._tiles]:
            self.mark(None)
            return
        focused = next((tile.info.patient_id for tile in self._tiles if tile.hasFocus()), None)
        pictures = {tile.info.patient_id: tile.picture for tile in self._tiles if tile.picture}
        for tile in self._tiles:
            self._rowLayout.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self._tiles = []
        for number, info in enumerate(infos):
            tile = PictureTile(info, number == 0, self._onTile, self._onStep, self._translate)
            if info.patient_id in pictures:
                tile.setPicture(*pictures[info.patient_id])
            tile.setFocusPolicy(qt.Qt.ClickFocus if number else qt.Qt.StrongFocus)
            self._rowLayout.insertWidget(number, tile)
            tile.show()                                 # now, not in the next turn of the event loop: it may get the focus
            self._tiles.append(tile)
        self._area.horizontalScrollBar().setValue(0)
        self._fitHeight()
        if focused is not None and self._tiles:
            self._focus((self._of(focused) or self._tiles)[0])

    def setPicture(self, patientId, picture, fieldMm=None):
        """Show a patient's picture.

        Parameters
        ----------
        patientId : str
            Patients that are not in the strip (any more) are ignored: their pictures may just be late.
        picture : np.ndarray or QImage
            uint8, gray (H, W) or RGB (H, W, 3), or a QImage.
        fieldMm : float, optional
            Width of what it shows in mm; without it the picture is a thumbnail of a whole slice.
        """
        image = picture if hasattr(picture, "isNull") else image_of_array(picture)
        note = self._translate("whole slice") if fieldMm is None else f"{fieldMm:g} mm"
        for tile in self._of(patientId):
            tile.setPicture(image, note)

    def setProblem(self, patientId, text):
        """Say that there is no picture of a patient, and why."""
        for tile in self._of(patientId):
            tile.setProblem(text)

    def mark(self, patientId):
        """Frame the patient that is marked for comparison, or none."""
        for tile in self._tiles:
            tile.setMarked(tile.info.patient_id == patientId and tile is not self._tiles[0])
        for tile in self._of(patientId):
            self._area.ensureWidgetVisible(tile, _GAP, 0)

    def setNote(self, text):
        """A line below the pictures; "" for none."""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    # Events

    def _of(self, patientId):
        return [tile for tile in self._tiles if tile.info.patient_id == patientId]

    def _onTile(self, patientId):
        self.onPicked(patientId)

    def _onStep(self, tile, step):
        """Move the focus by some tiles, or to the first or last one."""
        last = len(self._tiles) - 1
        index = {"first": 0, "last": last}.get(step)
        self._focus(self._tiles[min(max(self._tiles.index(tile) + step, 0), last) if index is None else index])

    def _focus(self, tile):
        """Give a tile the focus; only the one that had it last is reached by the tab key."""
        for other in self._tiles:
            other.setFocusPolicy(qt.Qt.StrongFocus if other is tile else qt.Qt.ClickFocus)
        tile.setFocus(qt.Qt.TabFocusReason)
        self._area.ensureWidgetVisible(tile, _GAP, 0)

    def _fitHeight(self):
        """High enough for the tiles and the scroll bar; nothing without tiles."""
        tile = self._tiles[0].height if self._tiles else 0
        self._area.setFixedHeight(tile + self._area.horizontalScrollBar().sizeHint.height() + 2 if tile else 0)
