"""Pictures of the view at any size, as the bytes of a PNG, SVG or PDF file."""
from __future__ import annotations

import qt

from ..base.errors import InputError
from .graph_canvas import GraphCanvas
from .surface import Surface
from .svg_surface import SvgSurface
from .theme import Theme

#: file name endings and what they stand for
KINDS = {"png": "Portable Network Graphics", "svg": "Scalable Vector Graphics", "pdf": "Portable Document Format"}
_LARGEST = 20_000
#: points of PDF per pixel: 96 pixels are an inch, as in SVG
_POINTS = 72 / 96
_PDF_RESOLUTION = 1200


def export_picture(view, kind: str, width: int, height: int, dark: bool | None = None, scale: float = 1.0) -> bytes:
    """The view as a picture file: same content, zoom, selection and group, laid out anew for another size.

    Parameters
    ----------
    view : ConnectomeView
    kind : str
        One of KINDS.
    width, height : int
        Size in pixels; SVG and PDF take 96 pixels for an inch.
    dark : bool, optional
        Dark or light background; as the view has it if not given.
    scale : float
        Texts, lines and margins are this many times as large as in the view: 2 or more for print.

    Raises
    ------
    InputError
        There is no connectome, the kind is unknown, or the size is out of range.
    """
    if kind not in KINDS:
        raise InputError(f"unknown kind of picture {kind!r}", expected=f"one of {', '.join(KINDS)}")
    if view.canvas.geometry is None:
        raise InputError("there is no connectome to draw", expected="a loaded cohort")
    if not (1 <= width <= _LARGEST and 1 <= height <= _LARGEST and 0.1 <= scale <= 20):
        raise InputError(f"picture of {width} x {height} pixels at scale {scale:g}",
                         expected=f"1 to {_LARGEST:,} pixels, scale 0.1 to 20")
    canvas = view.canvas.snapshot()
    theme = view.canvas.theme if dark is None else Theme.standard(dark)
    # a font in points would have another size on every kind of device
    font = qt.QFont(view.canvas.font)
    font.setPixelSize(qt.QFontInfo(view.canvas.font).pixelSize())
    canvas.set_surface(width / scale, height / scale, 1.0, font, theme)
    return {"png": _png, "svg": _svg, "pdf": _pdf}[kind](canvas, width, height, scale)


def _png(canvas: GraphCanvas, width, height, scale):
    image = qt.QImage(width, height, qt.QImage.Format_RGB32)
    image.fill(canvas.theme.background)
    _paint(canvas, image, scale)
    buffer = _open_buffer()
    if not image.save(buffer, "PNG"):
        raise InputError(f"Qt can not make a PNG of {width} x {height} pixels", expected="a smaller picture")
    buffer.close()
    return buffer.data().data()


def _svg(canvas: GraphCanvas, width, height, scale):
    surface = SvgSurface(width, height, canvas.header.title or "Connectome", scale)
    canvas.paint_new(surface)
    return surface.document()


def _pdf(canvas: GraphCanvas, width, height, scale):
    buffer = _open_buffer()
    writer = qt.QPdfWriter(buffer)
    writer.setResolution(_PDF_RESOLUTION)
    page = qt.QPageSize(qt.QSizeF(width * _POINTS, height * _POINTS), qt.QPageSize.Point, "", qt.QPageSize.ExactMatch)
    writer.setPageLayout(qt.QPageLayout(page, qt.QPageLayout.Portrait, qt.QMarginsF(0.0, 0.0, 0.0, 0.0)))
    writer.setTitle(canvas.header.title or "Connectome")
    _paint(canvas, writer, scale * _PDF_RESOLUTION / 96)
    buffer.close()
    return buffer.data().data()


def _open_buffer():
    buffer = qt.QBuffer()
    buffer.open(qt.QIODevice.WriteOnly)
    return buffer


def _paint(canvas, device, factor):
    painter = qt.QPainter(device)
    try:
        painter.scale(float(factor), float(factor))
        canvas.paint_new(Surface(painter))
    finally:
        painter.end()                           # a painter left open crashes Qt
