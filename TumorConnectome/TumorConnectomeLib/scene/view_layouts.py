"""The module's layouts of the main window, each with the connectome beside the images or without it."""
from __future__ import annotations

import pathlib
from xml.etree import ElementTree

import slicer

from .image_views import MATCH, NEIGHBORS, ORIENTATIONS, QUERY, ImageViews

#: tag of the connectome in the layout descriptions
CONNECTOME_TAG = "TumorConnectomeView"
#: tag of the board of a reader study
READING_TAG = "TumorConnectomeReading"
#: our numbers among Slicer's layouts: its own are below 100, other extensions choose numbers of their own
CONNECTOME_LAYOUT, RESULTS_LAYOUT, READING_LAYOUT = 18301, 18321, 18331
_NUMBERS = {ImageViews.ONE: 18302, ImageViews.PAIR: 18303, ImageViews.SIX: 18304, ImageViews.FLICKER: 18302}
_WITHOUT_CONNECTOME = 10
#: the group of our views in all layout descriptions: Slicer links views of one group
VIEW_GROUP = 57
_FILES = {ImageViews.ONE: "OnePatient.xml", ImageViews.PAIR: "SideBySide.xml", ImageViews.SIX: "SixPatients.xml"}


def register_layouts(folder) -> None:
    """Add the layout descriptions of a folder (``Resources/Layouts``) to the scene's layout node.

    Like everything here it does nothing where Slicer runs without a main window.
    """
    if not slicer.app.layoutManager():
        return
    folder = pathlib.Path(folder)
    texts = {number: (folder / name).read_text(encoding="utf-8") for number, name in (
        (CONNECTOME_LAYOUT, "ConnectomeOnly.xml"), (RESULTS_LAYOUT, "ConnectomeAndResults.xml"),
        (READING_LAYOUT, "ReaderStudy.xml"))}
    for views, name in _FILES.items():
        text = (folder / name).read_text(encoding="utf-8")
        texts[layout_number(views)] = text
        texts[layout_number(views, connectome=False)] = without_connectome(text)
    node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    for number, text in texts.items():
        if node.IsLayoutDescription(number):
            node.SetLayoutDescription(number, text)
        else:
            node.AddLayoutDescription(number, text)


def layout_number(views: ImageViews, connectome: bool = True) -> int:
    """Number of a layout, with the connectome beside the images or not."""
    return _NUMBERS[views] + (0 if connectome else _WITHOUT_CONNECTOME)


def without_connectome(text: str) -> str:
    """A layout description without the item that holds the connectome."""
    root = ElementTree.fromstring(text)
    for item in [item for item in root if item.find(CONNECTOME_TAG) is not None]:
        root.remove(item)
    return ElementTree.tostring(root, encoding="unicode")


def current_layout() -> int:
    """Number of the layout that is shown; without a main window the one with the connectome alone."""
    manager = slicer.app.layoutManager()
    return manager.layout if manager else CONNECTOME_LAYOUT


def show_layout(number: int, bars: bool = False) -> None:
    """Switch the main window to one of our layouts.

    Parameters
    ----------
    number : int
        See `layout_number`.
    bars : bool
        Show Slicer's bars above the axial views, except those of six patients. Without a bar a view needs 50 pixels, with
        it a slice view needs 318 and a 3D view 125, and Qt makes the main window as wide as its views need. So the bars of
        our views are hidden before the next turn of the event loop, in which Qt looks at that. Slicer keeps one widget for
        each view node: the views of other layouts keep their bars.
    """
    manager = slicer.app.layoutManager()
    if not manager:
        return
    manager.setLayout(number)
    if _set_bars(bars and number not in (layout_number(ImageViews.SIX), layout_number(ImageViews.SIX, connectome=False))):
        # the bars of new views were in the way when the room was divided: divide it again
        manager.setLayout(CONNECTOME_LAYOUT)
        manager.setLayout(number)


def _set_bars(axial: bool) -> bool:
    """Hide the bars of our views, but for those of the axial views if they are wanted; returns whether that changed any."""
    manager, wanted = slicer.app.layoutManager(), []
    for place in (QUERY, MATCH, *NEIGHBORS):
        widgets = {name: manager.sliceWidget(f"Tumor{place}{name}") for name in ORIENTATIONS}
        wanted += [(widget.sliceController(), axial and name == "Axial") for name, widget in widgets.items() if widget]
        if widget := threed_widget(place):
            wanted.append((widget.threeDController(), False))
    changed = [(bar, shown) for bar, shown in wanted if bar.isHidden() == shown]
    for bar, shown in changed:
        bar.setVisible(shown)
    return bool(changed)


def threed_widget(place: str):
    """The qMRMLThreeDWidget of a place, None before its layout was shown."""
    node = slicer.mrmlScene.GetSingletonNode(f"Tumor{place}3D", "vtkMRMLViewNode")
    return slicer.app.layoutManager().threeDWidget(node.GetName()) if node else None     # by node name, which has a prefix
