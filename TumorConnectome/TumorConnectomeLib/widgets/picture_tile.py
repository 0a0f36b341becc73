"""One picture of a strip: the picture or what is known of it, a caption, and the state of its patient."""
from __future__ import annotations

from dataclasses import dataclass

import qt

from .theme import Theme, bold_font, no_pen, pen

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
    info : TileInfo
    isQuery : bool
        Whether this is the selected patient.
    onPicked, onStep : callable
        Called when it is pressed, and with -1, 1, "first" or "last" for an arrow key, Home and End.
    translate : callable
        Translates interface text.
    """

    def __init__(self, info, isQuery, onPicked, onStep, translate):
        super().__init__()
        self.info, self._isQuery, self._onPicked, self._onStep, self._translate = info, isQuery, onPicked, onStep, translate
        self._image, self._note, self._problem, self._marked = None, "", "", False
        self.setCursor(qt.QCursor(qt.Qt.PointingHandCursor))
        self.setFixedSize(*self._wantedSize())
        self.toolTip = info.tooltip or "\n".join(filter(None, (info.patient_id, info.caption)))
        self.connect("clicked(bool)", self._onClicked)
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
