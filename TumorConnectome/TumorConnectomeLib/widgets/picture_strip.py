"""A strip of pictures: the selected patient and its neighbors side by side, a tile each."""
from __future__ import annotations

from dataclasses import dataclass

import qt

from .pixel_image import image_of_array
from .theme import Theme, bold_font, no_pen, pen

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
        pictures = {tile.info.patient_id: tile.picture for tile in self._tiles}
        self._setCount(len(infos))
        for tile, info in zip(self._tiles, infos):
            tile.setInfo(info, pictures.get(info.patient_id))
        self._area.horizontalScrollBar().setValue(0)
        self._fitHeight()
        if focused is not None and self._tiles:
            self._focus((self._of(focused) or self._tiles)[0])

    def _setCount(self, count):
        """Have this many tiles: those that are there stay, a click would else wait for new widgets."""
        for tile in self._tiles[count:]:
            self._rowLayout.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        del self._tiles[count:]
        for number in range(len(self._tiles), count):
            tile = PictureTile(number == 0, self._onTile, self._onStep, self._translate)
            tile.setFocusPolicy(qt.Qt.ClickFocus if number else qt.Qt.StrongFocus)
            self._rowLayout.insertWidget(number, tile)
            tile.show()                                 # now, not in the next turn of the event loop: it may get the focus
            self._tiles.append(tile)

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


#: sides of the picture and of the whole tile, in device-independent pixels
PICTURE_SIDE = 132
_MARGIN, _LINE_GAP, _RADIUS = 6, 1, 5.0
_BADGE_COLOR, _BADGE_TEXT = "#202020", "#f4f4f4"


@dataclass(frozen=True)
class TileInfo:
    """What a tile says.

    Parameters
    ----------
    patient_id : str
    title : str
        First line: "Selected", "1", "2", ...
    caption : str
        Line below the PatientID, such as "closer than 99.6 %"; may be "".
    tooltip : str
        HTML or text; "" for the caption.
    """

    patient_id: str
    title: str
    caption: str = ""
    tooltip: str = ""


class PictureTile(qt.QPushButton):
    """A button that shows a patient's picture.

    Parameters
    ----------
    isQuery : bool
        Whether this is the selected patient's.
    onPicked, onStep : callable
        Called when it is pressed, and with -1, 1, "first" or "last" for an arrow key, Home and End.
    translate : callable
        Translates interface text.
    """

    def __init__(self, isQuery, onPicked, onStep, translate):
        super().__init__()
        self.info, self._isQuery, self._onPicked, self._onStep, self._translate = None, isQuery, onPicked, onStep, translate
        self._image, self._note, self._problem, self._marked = None, "", "", False
        self.setCursor(qt.QCursor(qt.Qt.PointingHandCursor))
        self.setFixedSize(*self._wantedSize())
        self.connect("clicked(bool)", self._onClicked)

    def setInfo(self, info: TileInfo, picture=None):
        """Show a patient, unmarked; with the QImage and its note that `picture` gave before, or none yet."""
        self.info, self._problem, self._marked = info, "", False
        self._image, self._note = picture or (None, "")
        self.toolTip = info.tooltip or "\n".join(filter(None, (info.patient_id, info.caption)))
        self._tell()

    def setPicture(self, image, note):
        """Show a QImage, or None; `note` stands in its corner ("60 mm")."""
        self._image, self._note, self._problem = image, note, ""
        self._tell()

    def setProblem(self, text):
        """There is no picture, because of this."""
        self._problem = text
        self._tell()

    def setMarked(self, marked):
        """Whether the patient is marked for comparison."""
        if marked != self._marked:
            self._marked = marked
            self._tell()

    @property
    def picture(self):
        """The QImage shown and its note, or None."""
        return None if self._image is None else (self._image, self._note)

    def _state(self):
        _ = self._translate
        if self._image is not None:
            return self._note
        return _("no picture") if self._problem else _("loading")

    def _tell(self):
        _, info = self._translate, self.info
        marked = _("marked for comparison") if self._marked else ""
        words = (info.title, info.patient_id, info.caption, marked, self._state(), self._problem)
        self.accessibleName = ", ".join(filter(None, words))
        self.accessibleDescription = _("Press to compare this patient with the selected one.") if not self._isQuery else ""
        if self._problem and self._image is None:
            self.toolTip = f"{self.info.patient_id}: {self._problem}"
        self.update()

    # Events

    def changeEvent(self, event):
        """Qt: another font needs another size."""
        qt.QPushButton.changeEvent(self, event)
        if event.type() == qt.QEvent.FontChange:
            self.setFixedSize(*self._wantedSize())

    def keyPressEvent(self, event):
        """Qt: arrows go to other tiles, Enter picks."""
        step = {qt.Qt.Key_Left: -1, qt.Qt.Key_Up: -1, qt.Qt.Key_Right: 1, qt.Qt.Key_Down: 1, qt.Qt.Key_Home: "first",
                qt.Qt.Key_End: "last"}.get(event.key())
        if step is not None:
            self._onStep(self, step)
        elif event.key() in (qt.Qt.Key_Return, qt.Qt.Key_Enter):
            self._onPicked(self.info.patient_id)
        else:
            qt.QPushButton.keyPressEvent(self, event)

    def paintEvent(self, event):
        """Qt: draw the tile."""
        painter = qt.QPainter(self)
        try:
            painter.setRenderHint(qt.QPainter.Antialiasing)
            painter.setRenderHint(qt.QPainter.SmoothPixmapTransform)
            self._paint(painter, Theme.of_palette(self.palette))
        finally:
            painter.end()

    def _onClicked(self, checked=False):
        self._onPicked(self.info.patient_id)

    # Drawing

    def _wantedSize(self):
        line = qt.QFontMetrics(self.font).height() + _LINE_GAP
        return PICTURE_SIDE + 2 * _MARGIN, PICTURE_SIDE + 2 * _MARGIN + 3 + 3 * line

    def _paint(self, painter, theme):
        width, height = float(self.width), float(self.height)
        frame = theme.selected if self._isQuery else theme.compared if self._marked else theme.panel_edge
        strong = self._isQuery or self._marked
        painter.setPen(pen(frame, 2.5 if strong else 1.0))
        painter.setBrush(qt.QBrush(theme.background))
        inset = 1.5 if strong else 0.5
        painter.drawRoundedRect(qt.QRectF(inset, inset, width - 2 * inset, height - 2 * inset), _RADIUS, _RADIUS)
        picture = qt.QRectF(float(_MARGIN), float(_MARGIN), float(PICTURE_SIDE), float(PICTURE_SIDE))
        if self._image is not None:
            self._paintPicture(painter, picture)
        else:
            self._paintPlaceholder(painter, picture, theme)
        self._paintCaption(painter, theme)
        if self.hasFocus():
            painter.setBrush(qt.QBrush())
            painter.setPen(pen(theme.text, 1.0, dashed=True))
            painter.drawRoundedRect(qt.QRectF(3.5, 3.5, width - 7.0, height - 7.0), _RADIUS - 2, _RADIUS - 2)

    def _paintPicture(self, painter, area):
        """The picture, as large as fits without changing its proportions, on black."""
        painter.setPen(no_pen())
        painter.setBrush(qt.QBrush(qt.QColor("#000000")))
        painter.drawRect(area)
        wide, high = float(self._image.width()), float(self._image.height())
        scale = min(area.width() / wide, area.height() / high)
        target = qt.QRectF(0.0, 0.0, wide * scale, high * scale)
        target.moveCenter(area.center())
        painter.drawImage(target, self._image, qt.QRectF(0.0, 0.0, wide, high))
        if not self._note:
            return
        metrics = qt.QFontMetricsF(self.font)
        badge = qt.QRectF(area.left(), area.bottom() - metrics.height(), _wide(metrics, self._note) + 8, metrics.height())
        painter.setBrush(qt.QBrush(qt.QColor(_BADGE_COLOR)))
        painter.drawRect(badge)
        painter.setPen(qt.QColor(_BADGE_TEXT))
        painter.drawText(badge, int(qt.Qt.AlignCenter), self._note)

    def _paintPlaceholder(self, painter, area, theme):
        painter.setPen(pen(theme.panel_edge, 1.0, dashed=True))
        painter.setBrush(qt.QBrush(theme.mix(theme.text, 0.05)))
        painter.drawRect(area)
        painter.setPen(theme.quiet)
        painter.drawText(area, int(qt.Qt.AlignCenter), self._state())

    def _paintCaption(self, painter, theme):
        metrics, info = qt.QFontMetricsF(self.font), self.info
        line, top, wide = metrics.height() + _LINE_GAP, _MARGIN + PICTURE_SIDE + 3.0, float(PICTURE_SIDE)
        title = f"{info.title} \N{BULLET} {self._translate('marked')}" if self._marked and not self._isQuery else info.title
        lines = ((title, theme.quiet, False), (info.patient_id, theme.text, True), (info.caption, theme.quiet, False))
        for number, (text, color, bold) in enumerate(lines):
            font = bold_font(self.font) if bold else self.font
            shown = qt.QFontMetricsF(font).elidedText(text, qt.Qt.ElideMiddle if bold else qt.Qt.ElideRight, wide)
            painter.setFont(font)
            painter.setPen(color)
            painter.drawText(qt.QRectF(float(_MARGIN), top + number * line, wide, line),
                             int(qt.Qt.AlignHCenter) | int(qt.Qt.AlignVCenter), shown)


def _wide(metrics, text):
    return metrics.horizontalAdvance(text)
