"""The keys of the view: what each does, for the view itself and for a help sheet."""
from __future__ import annotations

from dataclasses import dataclass

import qt


@dataclass(frozen=True)
class Binding:
    """One action and its keys.

    Parameters
    ----------
    action : str
        Name of the action.
    keys : tuple of int
        Any of Qt's key codes starts it.
    shown : str
        The keys as a help sheet writes them.
    text : str
        What the action does.
    """

    action: str
    keys: tuple[int, ...]
    shown: str
    text: str


_KEY = qt.Qt
BINDINGS = (
    Binding("next", (_KEY.Key_Down, _KEY.Key_Right), "\u2193 \u2192", "Mark the next neighbor in the selected patient's list"),
    Binding("previous", (_KEY.Key_Up, _KEY.Key_Left), "\u2191 \u2190", "Mark the previous neighbor"),
    Binding("goTo", (_KEY.Key_G,), "G", "Select the marked patient"),
    Binding("load", (_KEY.Key_Return, _KEY.Key_Enter), "Enter", "Load the selected patient's images"),
    Binding("compare", (_KEY.Key_C,), "C", "Load the selected and the marked patient side by side"),
    Binding("nextImages", (_KEY.Key_N,), "N", "Compare with the next neighbor; as the next seven keys in the slice views, too"),
    Binding("previousImages", (_KEY.Key_P,), "P", "Compare with the previous neighbor"),
    Binding("swap", (_KEY.Key_S,), "S", "Swap query and neighbor"),
    Binding("takeTurns", (_KEY.Key_X,), "X", "Where query and neighbor take turns: show the other one"),
    Binding("lungWindow", (_KEY.Key_1,), "1", "Show the CTs in the lung window"),
    Binding("mediastinumWindow", (_KEY.Key_2,), "2", "Show the CTs in the mediastinal window"),
    Binding("boneWindow", (_KEY.Key_3,), "3", "Show the CTs in the bone window"),
    Binding("connectomeBeside", (_KEY.Key_B,), "B", "Hide the connectome beside the images, or show it again"),
    Binding("nextModel", (_KEY.Key_M,), "M", "Show the next model"),
    Binding("search", (_KEY.Key_Slash,), "/", "Search a patient"),
    Binding("legend", (_KEY.Key_L,), "L", "Enter or leave the legend: arrows move, Space grays or shows a category"),
    Binding("toggle", (_KEY.Key_Space,), "Space", "In the legend: gray the category, or show it again"),
    Binding("fit", (_KEY.Key_Home,), "Home", "Show the whole graph"),
    Binding("zoomIn", (_KEY.Key_Plus, _KEY.Key_Equal), "+", "Zoom in"),
    Binding("zoomOut", (_KEY.Key_Minus,), "\u2212", "Zoom out"),
    Binding("clear", (_KEY.Key_Escape,), "Esc", "Clear, one after the other: lasso and group, mark, selection"),
    Binding("help", (_KEY.Key_Question, _KEY.Key_F1), "? F1", "Show this help"),
)
#: what the mouse does, in the same form: gesture and text
GESTURES = (
    ("Click", "Select a patient; in the legend: gray a category, or show it again"),
    ("Double click", "Load a patient's images; on the background: release the selection"),
    ("Drag", "Move a patient, or the whole picture"),
    ("Shift + drag", "Draw a lasso around a group of patients"),
    ("Shift + click", "Add a patient to the group, or take it out"),
    ("Wheel", "Zoom at the pointer"),
    ("Point", "Show a patient's neighborhood; after a moment its values, or those of an edge"),
)

_ACTIONS = {int(key): binding.action for binding in BINDINGS for key in binding.keys}


def action_of(event: qt.QKeyEvent) -> str | None:
    """Name of the action of a key press; None for other keys, and together with Ctrl, Alt or Meta."""
    for modifier in (qt.Qt.ControlModifier, qt.Qt.AltModifier, qt.Qt.MetaModifier):
        if event.modifiers() & modifier:
            return None
    return _ACTIONS.get(int(event.key()))
