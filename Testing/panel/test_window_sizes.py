"""Every arrangement fits a laptop's main window beside the panel, with nothing cut, and leaves the window its size.

The pictures of all arrangements are in output/windows: look at them.
"""
import itertools
import math
import pathlib

import numpy as np
import pytest
from PySide6 import QtCore, QtTest
from view_input import pixels

from TumorConnectomeLib.scene.image_views import NEIGHBORS, ORIENTATIONS, ImageViews

#: a laptop's and a desktop's main window; the width of the module panel is the host's
SIZES = ((1366, 768), (1920, 1080))
PICTURES = pathlib.Path(__file__).parents[2] / "output" / "windows"
#: what the window shows; "alone": without the connectome
ARRANGEMENTS = ("connectome", *(f"{views.value}{alone}" for views in ImageViews for alone in ("", " alone")), "results")


@pytest.fixture(scope="module")
def loaded(session):
    """The session with the demo cohort, and a query that has two neighbors; all three are in the scene."""
    import slicer

    slicer.util.selectModule("TumorConnectome")
    session.activate()
    slicer.mrmlScene.Clear()
    session.load_cohort()
    panel = session.panel
    panel.ui.neighborCountSpinBox.setValue(2)       # making the CTs of five more takes long
    panel.select(panel.state.cohort.patient_ids[0])
    show(session, "six")
    yield session
    panel.set(views=ImageViews.ONE, connectomeBeside=True, viewBars=False, neighborCount=5)
    slicer.mrmlScene.Clear()                        # the made-up results are no evaluation of any cohort
    session.window.resize(1600, 950)


@pytest.fixture
def sized(loaded, request):
    """The session, showing the connectome alone in a laptop's window, or in one of SIZES; images are loaded."""
    wanted = getattr(request, "param", SIZES[0])
    loaded.panel.set(viewBars=False, connectomeBeside=True)
    loaded.panel.showConnectome()
    loaded.settle()
    loaded.window.resize(*wanted)
    loaded.settle()
    assert size(loaded) == wanted
    return loaded


def show(session, arrangement):
    """Show one of ARRANGEMENTS, as the controls do it."""
    from TumorConnectomeLib.panel.evaluate_controller import show_results

    panel, (kind, *alone) = session.panel, arrangement.split(" ")
    if kind == "connectome":
        panel.showConnectome()
    elif kind == "results":
        show_results(*result_nodes())
    else:
        views = ImageViews(kind)
        panel.set(connectomeBeside=not alone)
        panel.showImages(panel.compare.patientsFor(views), views)
        session.wait(lambda: not panel.imaging.busy and panel.compare.display.views is views, what="shown")
    session.settle()


def result_nodes():
    """The chart and the table of an evaluation with long names: lifts of nine models for four facets, with intervals."""
    from TumorConnectomeLib.panel import result_nodes, result_plots
    from TumorConnectomeLib.presentation.heat_map import Axes, HeatMap

    models = ("CT-CLIP", "CT-FM", "FMCIB", "MedImageInsight", "Merlin", "Models Genesis", "PASTA", "SuPreM", "VISTA3D")
    facets = ("sex", "stage", "histology", "smoking")

    def cell(model, facet):
        lift = 1 + 0.1 * models.index(model) * (facets.index(facet) - 1)
        return lift, 0.0, False, "", (0.0, 0.0), (lift - 0.2, lift + 0.2)

    heat_map = HeatMap.of_cells("Lift of P@k over chance", models, facets, ("Sex", "Stage", "Cancer type", "Smoking status"),
                                cell, axes=Axes(figures="Lift of P@k", chance=1.0))
    rows = [[model, "P@k", 5, 289, cell(model, "sex")[0], math.nan] for model in models]
    return result_plots.write_plot("retrieval", heat_map), result_nodes.write_result(
        "retrieval", ("model", "metric", "k", "n", "lift", "p"), rows, {})


def size(session):
    return session.window.width, session.window.height


def slice_widgets(session, views):
    """(place, orientation, qMRMLSliceWidget) of all slice views of an arrangement."""
    manager = session.application.layoutManager()
    return [(place, orientation, manager.sliceWidget(f"Tumor{place}{orientation}"))
            for place, orientation in itertools.product(views.framed_places, views.orientations)]


def threed_widgets(session, views):
    import slicer

    nodes = [slicer.mrmlScene.GetSingletonNode(f"Tumor{place}3D", "vtkMRMLViewNode") for place in views.framed_places]
    return [session.application.layoutManager().threeDWidget(node.GetName()) for node in nodes] if views.in_3d else []


def texts_in(view):
    """What is written in a view by the module, with its rectangle in device pixels: (text, left, bottom, right, top)."""
    import vtk

    renderer = view.renderWindow().GetRenderers().GetItemAsObject(0)
    found = []
    for actor in renderer.GetViewProps():
        if isinstance(actor, vtk.vtkTextActor) and actor.GetVisibility() and actor.GetInput() \
                and actor.GetPositionCoordinate().GetReferenceCoordinate() is not None:
            box = [0.0] * 4
            actor.GetBoundingBox(renderer, box)
            left, bottom = actor.GetPositionCoordinate().GetComputedViewportValue(renderer)
            found.append((actor.GetInput(), left + box[0], bottom + box[2], left + box[1], bottom + box[3]))
    return found


def overlap(one, other):
    return one[1] < other[3] and other[1] < one[3] and one[2] < other[4] and other[2] < one[4]


def assert_nothing_is_cut(view):
    """Every text of the module lies inside of its view, and on no other."""
    view.forceRender()
    texts, (width, height) = texts_in(view), view.renderWindow().GetSize()
    assert texts
    for text, left, bottom, right, top in texts:
        assert left >= 0 and bottom >= 0 and right <= width and top <= height, (text, (width, height))
    for one, other in itertools.combinations(texts, 2):
        assert not overlap(one, other), (one, other)


@pytest.mark.parametrize("sized", SIZES, ids=lambda size: f"{size[0]}x{size[1]}", indirect=True)
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_every_arrangement_leaves_the_window_its_size(sized, arrangement):
    """A Qt window grows with what its views need, and shows it only by its width."""
    before = size(sized)
    show(sized, arrangement)
    sized.picture(PICTURES / f"{before[0]}x{before[1]}-{arrangement.replace(' ', '-')}.png")
    assert size(sized) == before
    assert sized.window.minimumSizeHint.width() <= SIZES[0][0] and sized.window.minimumSizeHint.height() <= SIZES[0][1]
    if arrangement == "results":
        manager = sized.application.layoutManager()
        assert manager.plotWidget(0).plotController().isVisible() and manager.tableWidget(0).tableController().isVisible()
    elif arrangement != "connectome":
        views = ImageViews(arrangement.split(" ")[0])
        for widget in [widget for *_place, widget in slice_widgets(sized, views)]:
            assert_nothing_is_cut(widget.sliceView())
        for widget in threed_widgets(sized, views):
            assert_nothing_is_cut(widget.threeDView())


def test_a_window_can_shrink_after_and_during_the_widest_arrangement(loaded):
    for arrangement in ("pair", "connectome"):
        loaded.window.resize(*SIZES[1])
        show(loaded, arrangement)
        loaded.window.resize(*SIZES[0])
        loaded.settle()
        assert size(loaded) == SIZES[0]


@pytest.mark.parametrize("arrangement", ["pair", "pair alone"])
def test_side_by_side_shows_both_tumors_whole(sized, arrangement):
    """Two axial views of at least 300 x 300 pixels, the boxes inside and not below the label."""
    show(sized, arrangement)
    for place, _orientation, widget in [found for found in slice_widgets(sized, ImageViews.PAIR) if found[1] == "Axial"]:
        view, patient = widget.sliceView(), sized.panel.imaging.shown[place]
        assert min(view.width, view.height) >= 300, (place, view.width, view.height)
        view.forceRender()
        columns, rows = box_on_screen(widget, patient.lesions[0])
        width, height = view.renderWindow().GetSize()
        assert 0 < columns[0] < columns[1] < width and 0 < rows[0] < rows[1] < height
        for text in texts_in(view):
            assert not overlap(("", columns[0], rows[0], columns[1], rows[1]), text), text[0]
        assert (pixels(view) > 0).any()


def box_on_screen(widget, roi):
    """Columns and rows (from below) of a lesion box in a slice view, in device pixels."""
    import slicer

    bounds = np.zeros(6)
    roi.GetRASBounds(bounds)
    to_pixels = np.linalg.inv(slicer.util.arrayFromVTKMatrix(widget.mrmlSliceNode().GetXYToRAS()))
    corners = np.array([(to_pixels @ [*corner, 1])[:2] for corner in itertools.product(*bounds.reshape(3, 2))])
    return sorted([corners[:, 0].min(), corners[:, 0].max()]), sorted([corners[:, 1].min(), corners[:, 1].max()])


@pytest.mark.parametrize("arrangement", ["six", "six alone"])
def test_six_patients_have_views_of_the_same_size(sized, arrangement):
    show(sized, arrangement)
    sizes = np.array([(widget.sliceView().width, widget.sliceView().height) for *_place, widget in
                      slice_widgets(sized, ImageViews.SIX)])
    assert len(sizes) == 1 + len(NEIGHBORS) and (np.ptp(sizes, axis=0) <= 1).all(), sizes   # 1: what is left of a division
    assert sizes.min() >= 200


def test_views_of_other_layouts_keep_their_bars(sized):
    import slicer

    show(sized, "pair")
    manager = sized.application.layoutManager()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
    sized.settle()
    assert all(manager.sliceWidget(name).sliceController().isVisible() for name in ("Red", "Yellow", "Green"))
    assert manager.threeDWidget("View1").threeDController().isVisible()
    assert manager.sliceWidget("Red").minimumSizeHint == QtCore.QSize(318, 81)
    assert manager.threeDWidget("View1").minimumSizeHint == QtCore.QSize(125, 81)
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotTableView)
    assert manager.plotWidget(0).minimumSizeHint == QtCore.QSize(125, 81)
    assert manager.tableWidget(0).minimumSizeHint.width() == 100


def test_bars_above_the_axial_views_are_a_choice(sized):
    """With the bars nothing is cut either, and the window keeps its size; six patients have none."""
    panel, before = sized.panel, size(sized)
    show(sized, "pair")
    heights = [widget.sliceView().height for *_place, widget in slice_widgets(sized, ImageViews.PAIR)]
    QtTest.QTest.mouseClick(panel.ui.viewBarsCheckBox, QtCore.Qt.MouseButton.LeftButton)
    sized.settle()
    assert panel.parameters.viewBars
    for _place, orientation, widget in slice_widgets(sized, ImageViews.PAIR):
        bar = widget.sliceController()
        assert bar.isVisible() == (orientation == ORIENTATIONS[0])
        if bar.isVisible():
            name = bar.viewLabel()
            assert name.width >= name.fontMetrics().horizontalAdvance(name.text)
    assert size(sized) == before
    sized.picture(PICTURES / f"{before[0]}x{before[1]}-pair-with-bars.png")
    for arrangement in ("six", "one"):
        show(sized, arrangement)
        shown = [widget.sliceController().isVisible() for *_place, widget in slice_widgets(sized, ImageViews(arrangement))]
        assert any(shown) == (arrangement == "one") and size(sized) == before
    show(sized, "pair")
    QtTest.QTest.mouseClick(panel.ui.viewBarsCheckBox, QtCore.Qt.MouseButton.LeftButton)
    sized.settle()
    assert heights == [widget.sliceView().height for *_place, widget in slice_widgets(sized, ImageViews.PAIR)]


def test_a_key_gives_the_room_of_the_connectome_to_the_images_and_takes_it_back(sized):
    show(sized, "pair")
    sized.activate()
    view, axial = sized.panel.view, sized.application.layoutManager().sliceWidget("TumorQueryAxial")
    width = axial.width
    view.setFocus()
    QtTest.QTest.keyClick(view, QtCore.Qt.Key.Key_B)
    sized.wait(lambda: not view.isVisible() and not sized.panel.imaging.busy, "hidden")
    sized.settle()
    assert axial.width > 1.2 * width and not sized.panel.parameters.connectomeBeside
    axial.sliceView().setFocus()
    QtTest.QTest.keyClick(axial.sliceView(), QtCore.Qt.Key.Key_B)
    sized.wait(lambda: view.isVisible() and not sized.panel.imaging.busy, "shown again")
    sized.settle()
    assert axial.width == width


def test_nine_directions_are_no_larger_than_the_application(sized):
    show(sized, "pair")
    QtTest.QTest.mouseClick(sized.panel.ui.nineButton, QtCore.Qt.MouseButton.LeftButton)
    sized.settle()
    dialog = sized.panel.compare.nine.sheet.window()
    try:
        assert dialog is not sized.window
        assert dialog.width <= sized.window.width and dialog.height <= sized.window.height
        sized.picture(PICTURES / f"{sized.window.width}x{sized.window.height}-nine-directions.png", dialog)
    finally:
        sized.panel.compare.nine.cleanup()


def test_a_view_that_nobody_is_in_says_so(sized):
    show(sized, "six")
    display = sized.panel.compare.display
    assert [display.titleText(place) for place in NEIGHBORS] == ["", ""] + 3 * ["No further neighbor"]
    show(sized, "pair")
    assert [display.titleText(place) for place in NEIGHBORS] == 5 * [""] and display.titleText("Match").endswith("3D")
