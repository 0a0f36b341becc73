"""Labels in the slice views: whose tumor it is, how far the slice is from its center, the window, and the directions."""
from __future__ import annotations

import textwrap

import numpy as np
import vtk

from .image_views import window_of

_FONT_SIZE, _MARGIN = 13, 6
_COLOR = (1.0, 0.96, 0.80)
#: width of a character in pixels at that size, generously
_CHARACTER = 8
#: as many characters must fit beside each other before the window is told: the large view beside a small one says it, too
_FOR_WINDOW = 20
#: nearer than this to the center counts as in it [mm]
_CENTERED_MM = 0.05


def direction_letter(direction_ras) -> str:
    """The patient direction that an axis in RAS points to most: "R", "L", "A", "P", "S" or "I"."""
    axis = int(np.argmax(np.abs(direction_ras)))
    return ("RL", "AP", "SI")[axis][0 if direction_ras[axis] > 0 else 1]


def offset_text(offset_mm: float, normal_ras) -> str:
    """Where a slice lies: "4.0 mm superior of center"."""
    if abs(offset_mm) < _CENTERED_MM:
        return "tumor center"
    letter = direction_letter(np.asarray(normal_ras) * np.sign(offset_mm))
    side = {"R": "right", "L": "left", "A": "anterior", "P": "posterior", "S": "superior", "I": "inferior"}[letter]
    return f"{abs(offset_mm):.1f} mm {side} of center"


class ViewLabels:
    """The labels of one slice view.

    Parameters
    ----------
    widget : qMRMLSliceWidget
    """

    def __init__(self, widget):
        self._view, self._node = widget.sliceView(), widget.mrmlSliceNode()
        self._title, self._display, self._tags, self._scale = "", None, [], 1.0
        renderer = self._view.renderWindow().GetRenderers().GetItemAsObject(0)
        self._text = _actor(renderer, 0.0, 1.0, "Left", "Top")
        self._left = _actor(renderer, 0.0, 0.5, "Left", "Centered")
        self._top = _actor(renderer, 0.5, 1.0, "Centered", "Top")
        self._renderer = renderer
        self._tags.append((self._node, self._node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._update)))

    def show(self, title: str, display) -> None:
        """Label the view; `display` is the display node of its volume."""
        self._title, self._scale = title, max(self._view.devicePixelRatioF(), 1.0)
        for actor in (self._text, self._left, self._top):
            actor.GetTextProperty().SetFontSize(round(_FONT_SIZE * self._scale))
        if display is not self._display:
            self._forget(self._display)
            self._display = display
            self._tags.append((display, display.AddObserver(vtk.vtkCommand.ModifiedEvent, self._update)))
        self._update()

    def remove(self) -> None:
        """Take the labels out of the view."""
        for node, tag in self._tags:
            node.RemoveObserver(tag)
        self._tags = []
        for actor in (self._text, self._left, self._top):
            self._renderer.RemoveViewProp(actor)

    @property
    def text(self) -> str:
        """What stands in the upper left corner."""
        return self._text.GetInput()

    def _forget(self, node):
        for pair in [pair for pair in self._tags if pair[0] is node and node is not None]:
            node.RemoveObserver(pair[1])
            self._tags.remove(pair)

    def _update(self, *_):
        to_ras = self._node.GetSliceToRAS()
        axes = np.array([[to_ras.GetElement(row, column) for row in range(3)] for column in range(3)])
        lines = [self._title, offset_text(self._node.GetSliceOffset(), axes[2])]
        columns = int(self._node.GetDimensions()[0] / self._scale / _CHARACTER)
        if self._display is not None and columns >= _FOR_WINDOW:
            lines.append(str(window_of(self._display.GetWindow(), self._display.GetLevel())))
        lines = [part for line in lines for part in textwrap.wrap(line, max(columns, 8))]
        self._top.SetVisibility(columns > 2 * max(map(len, lines)) + 2)
        for actor, text in ((self._text, "\n".join(lines)), (self._left, direction_letter(-axes[0])),
                            (self._top, direction_letter(axes[1]))):
            if actor.GetInput() != text:
                actor.SetInput(text)
                self._view.scheduleRender()


class ViewTitle:
    """What a view without patient directions shows, in its upper left corner: for 3D views and for empty slice views.

    Parameters
    ----------
    view : qMRMLSliceView or qMRMLThreeDView
    """

    def __init__(self, view):
        self._view, self._title = view, ""
        self._renderer = view.renderWindow().GetRenderers().GetItemAsObject(0)
        self._text = _actor(self._renderer, 0.0, 1.0, "Left", "Top")
        self._tag = view.renderWindow().AddObserver(vtk.vtkCommand.WindowResizeEvent, self._update)

    def show(self, title: str) -> None:
        """Write a title, in as many lines as the width of the view needs."""
        self._title = title
        self._update()

    def remove(self) -> None:
        """Take the title out of the view."""
        self._view.renderWindow().RemoveObserver(self._tag)
        self._renderer.RemoveViewProp(self._text)

    @property
    def text(self) -> str:
        """What stands in the upper left corner."""
        return self._text.GetInput()

    def _update(self, *_):
        scale = max(self._view.devicePixelRatioF(), 1.0)
        self._text.GetTextProperty().SetFontSize(round(_FONT_SIZE * scale))
        columns = int(self._view.renderWindow().GetSize()[0] / scale / _CHARACTER)
        self._text.SetInput("\n".join(textwrap.wrap(self._title, max(columns, 8))))
        self._view.scheduleRender()


def _actor(renderer, x, y, horizontal, vertical):
    """Text at a place of the view (0..1), a few pixels inside of its edge."""
    actor = vtk.vtkTextActor()
    look = actor.GetTextProperty()
    look.SetFontSize(_FONT_SIZE)
    look.SetFontFamilyToArial()
    look.SetColor(*_COLOR)
    look.ShadowOn()
    look.SetShadowOffset(1, -1)
    getattr(look, f"SetJustificationTo{horizontal}")()
    getattr(look, f"SetVerticalJustificationTo{vertical}")()
    actor.SetPosition(_MARGIN if horizontal == "Left" else 0, -_MARGIN if vertical == "Top" else 0)
    place = actor.GetPositionCoordinate()
    anchor = vtk.vtkCoordinate()
    anchor.SetCoordinateSystemToNormalizedViewport()
    anchor.SetValue(x, y)
    place.SetCoordinateSystemToViewport()
    place.SetReferenceCoordinate(anchor)
    renderer.AddViewProp(actor)
    return actor
