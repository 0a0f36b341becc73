"""Pictures of the view as files: PNG, SVG and PDF that show what the view shows, at another size."""
import re
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest
from at_rest import settle
from connectome_samples import clusters, coloring, graph, ring
from view_gestures import dark_palette, image_pixels, lasso, move, pixels, rgb_of, turn_wheel

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.neighbors.match import Match

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def export(host):
    from TumorConnectomeLib.widgets.graph_export import export_picture
    return export_picture


def read_png(data):
    from PySide6 import QtGui
    image = QtGui.QImage()
    assert image.loadFromData(data, "PNG")
    return image_pixels(image)


def draw_svg(data, width, height):
    from PySide6 import QtCore, QtGui, QtSvg
    renderer, image = QtSvg.QSvgRenderer(QtCore.QByteArray(data)), QtGui.QImage(width, height, QtGui.QImage.Format_RGB32)
    assert renderer.isValid()
    painter = QtGui.QPainter(image)
    renderer.render(painter)
    painter.end()
    return image_pixels(image)


def colored_view(view):
    """The view with selection, mark, group, hidden category and texts."""
    view.setTitle("CTFM: 2 most similar", "Subtitle <&>", "SYNTHETIC")
    view.setSelected("P001")
    view.setCompared("P002")
    view.setGroup(["P006", "P007"])
    view.setHiddenCategories({"Unknown"})
    view.setEdgeMode("selection")
    return view


def test_a_png_of_the_views_size_shows_what_the_view_shows(view, export):
    colored_view(view).clearFocus()
    picture = read_png(export(view, "png", 520, 500))
    assert picture.shape == (500, 520, 3)
    assert np.abs(picture - pixels(view)).max() < 3


def test_a_png_has_the_size_asked_for_and_scale_enlarges_texts_and_nodes(view, export):
    double = read_png(export(view, "png", 1040, 1000, scale=2.0))
    assert double.shape == (1000, 1040, 3)
    halved = double.reshape(500, 2, 520, 2, 3).mean((1, 3))
    assert np.abs(halved - pixels(view)).mean() < 4                             # the same picture in finer pixels
    wide = read_png(export(view, "png", 1300, 400))
    assert wide.shape == (400, 1300, 3)


def test_the_view_itself_is_left_alone(view, export):
    turn_wheel(view, view.nodeCenter("P003"), 3)
    settle()
    before, centers = pixels(view), [view.nodeCenter(f"P{i:03d}") for i in range(12)]
    export(view, "png", 900, 300, dark=True)
    assert np.abs(pixels(view) - before).max() == 0
    assert [view.nodeCenter(f"P{i:03d}") for i in range(12)] == centers


def test_a_picture_has_the_views_zoom_but_not_what_only_the_pointer_shows(view, export):
    plain = read_png(export(view, "png", 520, 500))
    move(view, view.nodeCenter("P003"))
    lasso(view, [(100, 100), (200, 100), (200, 200)], release=False)
    assert np.abs(read_png(export(view, "png", 520, 500)) - plain).max() == 0
    turn_wheel(view, (260, 200), 4)
    assert np.abs(read_png(export(view, "png", 520, 500)) - plain).max() > 100


@pytest.mark.parametrize("dark, background", [(None, 0x2b), (True, 0x2b), (False, 0xff)])
def test_the_background_is_the_views_or_the_one_asked_for(view, export, dark, background):
    view.setPalette(dark_palette())
    view.grab()
    picture = read_png(export(view, "png", 520, 500, dark=dark))
    assert np.median(picture) == background
    x, y = map(round, view.nodeCenter("P001"))
    wanted = (coloring(12).light if dark is False else coloring(12).dark)[1]
    assert picture[y, x] == pytest.approx(rgb_of(wanted), abs=2)


def test_an_svg_looks_like_the_png(view, export):
    colored_view(view)
    drawn = draw_svg(export(view, "svg", 520, 500), 520, 500)
    assert np.abs(drawn - read_png(export(view, "png", 520, 500))).mean() < 3
    for patient in ("P000", "P001", "P003", "P006"):
        x, y = map(round, view.nodeCenter(patient))
        assert drawn[y, x] == pytest.approx(pixels(view)[y, x], abs=4)


def test_an_svg_has_the_size_its_texts_and_a_circle_for_every_node(view, export):
    colored_view(view)
    root = ElementTree.fromstring(export(view, "svg", 1040, 1000, scale=2.0))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("1040", "1000", "0 0 520 500")
    texts = {element.text for element in root.iter(SVG + "text")}
    assert {"CTFM: 2 most similar", "Subtitle <&>", "SYNTHETIC", "P001", "1 \u00b7 P002", "IA", "3"} <= texts
    assert len(root.findall(f"{SVG}g/{SVG}circle")) >= 12
    struck = [element.text for element in root.iter(SVG + "text") if element.get("text-decoration") == "line-through"]
    assert struck == ["Unknown"]


def test_dashed_lines_and_unprintable_names_make_a_valid_svg(view, export):
    sample = graph([[-1, 0], [1, 0]], [0], [1], [1], match=Match.LEAST, prefix="<\x0b&>")
    view.setConnectome(sample, coloring(2))
    view.setSelected("<\x0b&>000")
    text = export(view, "svg", 520, 500).decode()
    assert "stroke-dasharray" in text
    assert "<\ufffd&>000" in {element.text for element in ElementTree.fromstring(text).iter(SVG + "text")}


def test_a_pdf_has_one_page_of_the_size_asked_for_and_vector_content(view, export):
    colored_view(view)
    data = export(view, "pdf", 960, 480)
    assert data.startswith(b"%PDF-") and data.rstrip().endswith(b"%%EOF")
    assert re.findall(rb"/MediaBox \[([^]]*)\]", data) == [b"0 0 720.000000 360.000000"] or \
        [round(float(value)) for value in re.findall(rb"/MediaBox \[([^]]*)\]", data)[0].split()] == [0, 0, 720, 360]
    assert len(re.findall(rb"/Type /Page\b(?!s)", data)) == 1
    streams = [zlib.decompress(part) for part in re.findall(rb"stream\r?\n(\x78.*?)\r?\nendstream", data, re.DOTALL)]
    content = max(streams, key=lambda part: part.count(b" c\n"))
    assert content.count(b" c\n") > 4 * 12                                     # the curves of twelve circles
    assert b"/Subtype /Image" not in data


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_large_and_tiny_graphs_and_pictures_can_be_made(view, export, kind):
    view.setConnectome(clusters(2000), coloring(2000))
    assert len(export(view, kind, 800, 600)) > 10_000
    for sample in (graph([[3.0, 4.0]], [], [], []), ring(2, k=0)):
        view.setConnectome(sample, coloring(len(sample.patient_ids)))
        assert len(export(view, kind, 1, 1)) > 0 and len(export(view, kind, 300, 20, scale=5)) > 0


def test_what_can_not_be_drawn_is_refused_with_what_was_expected(view, export):
    with pytest.raises(InputError, match="expected one of png, svg, pdf"):
        export(view, "gif", 100, 100)
    for size in ((0, 100), (100, 20_001)):
        with pytest.raises(InputError, match="expected 1 to 20,000 pixels"):
            export(view, "png", *size)
    view.setConnectome(None, None)
    with pytest.raises(InputError, match="expected a loaded cohort"):
        export(view, "svg", 100, 100)
