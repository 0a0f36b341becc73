"""What PythonQt's QPainter and QImage take, and where they would crash."""
import numpy as np
import pytest


@pytest.fixture
def image(qt):
    image = qt.QImage(40, 30, qt.QImage.Format_RGB32)
    image.fill(qt.QColor("white"))
    return image


@pytest.fixture
def painter(qt, image):
    painter = qt.QPainter(image)
    yield painter
    painter.end()


@pytest.mark.parametrize("method", ["drawLine", "drawEllipse", "drawRect", "eraseRect", "drawPoint"])
@pytest.mark.parametrize("value", [1.5, np.float64(1.5), np.float32(1.5)])
def test_bare_floats_are_refused(painter, method, value):
    arguments = [value] * (2 if method == "drawPoint" else 4)
    with pytest.raises(TypeError, match="QPointF"):
        getattr(painter, method)(*arguments)


def test_ints_and_float_geometry_are_drawn(qt, image, painter):
    painter.setPen(qt.QColor("black"))
    painter.drawLine(0, 5, 39, 5)
    painter.drawLine(qt.QPointF(0.0, 10.0), qt.QPointF(39.0, 10.0))
    painter.drawRect(qt.QRectF(2.5, 14.5, 8.0, 8.0))
    painter.setBrush(qt.QBrush(qt.QColor("red")))
    painter.drawEllipse(qt.QPointF(25.0, 20.0), 4.0, 4.0)
    painter.drawText(qt.QPointF(1.0, 29.0), "x")
    painter.end()
    assert image.pixelColor(20, 5).name() == image.pixelColor(20, 10).name() == "#000000"
    assert image.pixelColor(25, 20).name() == "#ff0000"


def test_a_brush_is_a_brush(qt, painter):
    with pytest.raises(ValueError, match="QBrush"):
        painter.setBrush(qt.Qt.NoBrush)
    painter.setBrush(qt.QBrush())
    painter.setPen(qt.Qt.NoPen)
    assert painter.brush().style() == qt.Qt.NoBrush


def test_polylines_are_made_of_a_polygon(qt, painter):
    points = [qt.QPointF(1.0, 1.0), qt.QPointF(9.0, 9.0)]
    with pytest.raises(ValueError, match="QPolygonF"):
        painter.drawPolyline(points)
    painter.drawPolyline(qt.QPolygonF(points))
    painter.drawPolygon(qt.QPolygonF(points))


def test_a_painter_is_no_context_manager(painter):
    with pytest.raises(AttributeError, match="__enter__"):
        with painter:
            pass


def test_a_painter_left_open_is_reported(qt, image, no_silent_errors):
    painter = qt.QPainter(image)
    painter.end()
    del painter
    assert not no_silent_errors
    painter = qt.QPainter(image)
    del painter
    assert "left open" in str(no_silent_errors.pop())


def test_a_painter_needs_an_image_that_outlives_it(qt):
    with pytest.raises(RuntimeError, match="reference"):
        qt.QPainter(qt.QImage(4, 4, qt.QImage.Format_RGB32))


def test_images_are_made_of_bytes_only(qt):
    pixels = np.full((2, 3, 4), 200, np.uint8)
    made = qt.QImage(pixels.tobytes(), 3, 2, qt.QImage.Format_RGB32)
    assert made.pixelColor(2, 1).red() == 200
    for arguments in ((pixels, 3, 2), (memoryview(pixels), 3, 2), (bytearray(24), 3, 2), (pixels.tobytes(), 3, 2, 12)):
        with pytest.raises(ValueError, match="bytes"):
            qt.QImage(*arguments, qt.QImage.Format_RGB32)


def test_pixels_are_written_through_bits(qt, image):
    pixels = np.zeros((30, 40, 4), np.uint8)
    pixels[..., 2] = 255
    np.frombuffer(image.bits(), np.uint8).reshape(30, 40, 4)[:] = pixels
    assert image.pixelColor(3, 3).name() == "#ff0000"


def test_many_edges_cost_few_checks(qt, painter, monkeypatch):
    """A path of 1,445 edges is one call of the painter: the checks look at arguments, not at elements."""
    from slicerhost import pythonqt_painter
    looked_at = []
    check = pythonqt_painter._check_coordinates
    monkeypatch.setattr(pythonqt_painter, "_check_coordinates",
                        lambda name, arguments: looked_at.append(check(name, arguments)))
    path = qt.QPainterPath()
    for index in range(1445):
        path.moveTo(qt.QPointF(0.0, index % 30))
        path.lineTo(qt.QPointF(39.0, index % 30))
    painter.drawPath(path)
    painter.drawLine(0, 0, 1, 1)
    assert len(looked_at) == 1
