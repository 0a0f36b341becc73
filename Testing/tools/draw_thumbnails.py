"""Draws the pictures of the cohorts, for the module Sample Data and the buttons of the panel: 260 x 280 PNG files.

    python Testing/tools/draw_thumbnails.py [--data FOLDER] [--output FOLDER]

The graphs are drawn by the module's own view. FOLDER holds the published embedding files; without it the picture of the
published cohort stays as it is.
"""
import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Testing"), str(ROOT / "TumorConnectome")]

from module_session import ModuleSession  # noqa: E402
from PySide6 import QtCore, QtGui  # noqa: E402

SIZE, BACKGROUND, FRAME, PAPER, ALIKE = (260, 280), "#12324a", 18, "#cfe3f0", "#f08a24"
#: model whose layout is drawn
MODEL = "CTFM"


def empty():
    """A picture of the background alone, and a painter on it."""
    image = QtGui.QImage(*SIZE, QtGui.QImage.Format.Format_ARGB32)
    image.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(QtGui.QColor(BACKGROUND))
    painter.drawRoundedRect(0, 0, *SIZE, 28, 28)
    return image, painter


def graph_picture(state, edges):
    """Nodes by the colors of the legend, and the edges to this many nearest patients."""
    from TumorConnectomeLib.presentation.coloring import coloring_of

    graph, facet = state.connectome, state.cohort.facets["cancer_type"]
    colors = coloring_of(facet).dark
    low, high = graph.positions.min(axis=0), graph.positions.max(axis=0)
    room = min((SIZE[axis] - 2 * FRAME - 12) / (high - low)[axis] for axis in (0, 1))
    middle = (low + high) / 2
    points = [QtCore.QPointF(SIZE[0] / 2 + room * (x - middle[0]), SIZE[1] / 2 - room * (y - middle[1]))
              for x, y in graph.positions]
    image, painter = empty()
    painter.setPen(QtGui.QPen(QtGui.QColor(207, 227, 240, 70), 1.0))
    for source, target, rank in zip(graph.sources, graph.targets, graph.ranks):
        if rank <= edges:
            painter.drawLine(points[source], points[target])
    painter.setPen(QtGui.QPen(QtGui.QColor(BACKGROUND), 0.8))
    radius = 60.0 / len(points) ** 0.5
    for point, code in zip(points, facet.codes):
        painter.setBrush(QtGui.QColor(colors[code]))
        painter.drawEllipse(point, radius, radius)
    painter.end()
    return image


def squareness(positions):
    """Shorter side of a layout in units of the longer one: it fills the picture best when this is 1."""
    sides = positions.max(axis=0) - positions.min(axis=0)
    return sides.min() / sides.max()


def files_picture():
    """A sheet with a table whose rows end in a graph."""
    image, painter = empty()
    painter.setBrush(QtGui.QColor(PAPER))
    sheet = QtGui.QPolygonF([QtCore.QPointF(*point) for point in ((62, 44), (156, 44), (198, 86), (198, 236), (62, 236))])
    painter.drawPolygon(sheet)
    painter.setBrush(QtGui.QColor("#8fb3cb"))
    painter.drawPolygon(QtGui.QPolygonF([QtCore.QPointF(*point) for point in ((156, 44), (156, 86), (198, 86))]))
    painter.setPen(QtGui.QPen(QtGui.QColor("#2f6f9f"), 7, QtCore.Qt.PenStyle.SolidLine, QtCore.Qt.PenCapStyle.RoundCap))
    for row, y in enumerate((110, 134, 158)):
        painter.drawLine(QtCore.QPointF(82, y), QtCore.QPointF(112, y))
        painter.drawLine(QtCore.QPointF(128, y), QtCore.QPointF(178 - 10 * (row % 2), y))
    painter.setPen(QtGui.QPen(QtGui.QColor("#2f6f9f"), 5))
    nodes = [QtCore.QPointF(*point) for point in ((92, 206), (130, 190), (168, 208))]
    painter.drawPolyline(QtGui.QPolygonF(nodes))
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    for node, color in zip(nodes, ("#2f6f9f", ALIKE, "#2f6f9f")):
        painter.setBrush(QtGui.QColor(color))
        painter.drawEllipse(node, 11, 11)
    painter.end()
    return image


def main():
    """Write the pictures; exit status 2 if one can not be written."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=pathlib.Path, help="the published embedding files")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "TumorConnectome" / "Resources" / "Icons")
    options = parser.parse_args()
    session = ModuleSession()
    cohort = session.load_cohort()
    analyses = session.panel.state.prepared.analyses
    session.panel.parameters.model = max(cohort.models, key=lambda model: squareness(analyses[model].positions))
    session.settle()
    pictures = {"DemoCohort": graph_picture(session.panel.state, 3), "OwnCohort": files_picture()}
    if options.data:
        session.load_cohort(options.data)
        session.panel.parameters.model = MODEL
        session.settle()
        pictures["PublishedCohort"] = graph_picture(session.panel.state, 3)
    for name, picture in pictures.items():
        path = options.output / f"{name}.png"
        if not picture.save(str(path)):
            print(f"{path} can not be written", file=sys.stderr)
            return 2
        print(f"{path}: {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
