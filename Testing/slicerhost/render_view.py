"""A VTK render window in a widget: MRML displayable managers drawn off screen and shown as a QImage.

Drawing off screen (EGL: Mesa or GPU) works the same on a desktop and with QT_QPA_PLATFORM=offscreen, and lets
QWidget.grab() see the picture.
"""
import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingUI import vtkGenericRenderWindowInteractor

Qt = QtCore.Qt
_BUTTONS = {Qt.MouseButton.LeftButton: "LeftButton", Qt.MouseButton.RightButton: "RightButton",
            Qt.MouseButton.MiddleButton: "MiddleButton"}
_KEYS = {Qt.Key.Key_Left: "Left", Qt.Key.Key_Right: "Right", Qt.Key.Key_Up: "Up", Qt.Key.Key_Down: "Down",
         Qt.Key.Key_Escape: "Escape", Qt.Key.Key_Delete: "Delete", Qt.Key.Key_Return: "Return", Qt.Key.Key_Space: "space"}
_SMALLEST, _WANTED = (50, 50), (300, 300)        # minimumSizeHint() and sizeHint() of ctkVTKAbstractView
_SCREEN_SCALE = slicer.vtkMRMLViewNode().GetScreenScaleFactor()     # of handles and labels, at one device pixel per pixel


class RenderView(QtWidgets.QWidget):
    """Base of the slice and 3D views: forwards Qt's events to VTK and VTK's pictures to Qt."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(*_SMALLEST)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._renderer = vtk.vtkRenderer()
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.AddRenderer(self._renderer)
        self._interactor = vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._interactor.AddObserver("RenderEvent", lambda *_: self.scheduleRender())
        self._interactor.EnableRenderOff()                  # only through scheduleRender
        self._pixels, self._image, self._paused = vtkUnsignedCharArray(), None, False
        self._scheduled, self._timer = False, QtCore.QTimer(self, singleShot=True, interval=10)
        self._timer.timeout.connect(self.forceRender)
        self._managers = slicer.vtkMRMLDisplayableManagerGroup()
        self._managers.AddObserver("UpdateEvent", lambda *_: self.scheduleRender())

    def _add_managers(self, factory, names):
        for name in names:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._managers.Initialize(factory, self._renderer)

    def renderWindow(self):
        return self._window

    def interactor(self):
        return self._interactor

    def interactorStyle(self):
        return self._style

    def displayableManagerByClassName(self, name):
        return self._managers.GetDisplayableManagerByClassName(name)

    def setRenderPaused(self, paused):
        self._paused = paused
        if not paused:
            self.scheduleRender()

    def scheduleRender(self):
        if not self._scheduled:                         # asked for hundreds of times when a scene is closed
            self._scheduled = True
            self._timer.start()

    def forceRender(self):
        self._timer.stop()
        self._scheduled = False
        if self._paused or not self.isVisible():
            return
        self._window.Render()
        width, height = self._window.GetSize()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._pixels)
        image = QtGui.QImage(memoryview(self._pixels), width, height, QtGui.QImage.Format.Format_RGBX8888)
        self._image = image.mirrored(False, True)           # a copy, top row first
        self._image.setDevicePixelRatio(self.devicePixelRatioF())
        self.update()

    def _resize_window(self):
        """Give VTK the size in device pixels; a widget that is not shown yet has no size that means anything."""
        scale = self.devicePixelRatioF()
        size = max(1, round(self.width() * scale)), max(1, round(self.height() * scale))
        self._managers.GetMRMLDisplayableNode().SetScreenScaleFactor(_SCREEN_SCALE * scale)
        self._window.SetSize(*size)
        self._interactor.SetSize(*size)
        self._interactor.InvokeEvent("ConfigureEvent")
        self.scheduleRender()

    def sizeHint(self):
        return QtCore.QSize(*_WANTED)

    # Qt events
    def paintEvent(self, event):
        painter = QtGui.QPainter(self)
        if self._image is None:
            painter.fillRect(self.rect(), Qt.GlobalColor.black)
        else:
            painter.drawImage(self.rect(), self._image)
        painter.end()

    def showEvent(self, event):
        self._resize_window()

    def resizeEvent(self, event):
        if self.isVisible():
            self._resize_window()

    def _tell(self, event, name, key=""):
        modifiers, scale = event.modifiers(), self.devicePixelRatioF()
        position = event.position() if hasattr(event, "position") else QtCore.QPointF(self.mapFromGlobal(QtGui.QCursor.pos()))
        double = event.type() == QtCore.QEvent.Type.MouseButtonDblClick
        self._interactor.SetEventInformationFlipY(
            round(position.x() * scale), round(position.y() * scale),
            int(bool(modifiers & Qt.KeyboardModifier.ControlModifier)),
            int(bool(modifiers & Qt.KeyboardModifier.ShiftModifier)), key if len(key) == 1 else "\0", int(double), key)
        self._interactor.InvokeEvent(name)

    def mousePressEvent(self, event):
        self._tell(event, _BUTTONS.get(event.button(), "LeftButton") + "PressEvent")

    def mouseReleaseEvent(self, event):
        self._tell(event, _BUTTONS.get(event.button(), "LeftButton") + "ReleaseEvent")

    def mouseDoubleClickEvent(self, event):
        self._tell(event, _BUTTONS.get(event.button(), "LeftButton") + "DoubleClickEvent")

    def mouseMoveEvent(self, event):
        self._tell(event, "MouseMoveEvent")

    def wheelEvent(self, event):
        self._tell(event, "MouseWheelForwardEvent" if event.angleDelta().y() > 0 else "MouseWheelBackwardEvent")

    def keyPressEvent(self, event):
        key = _KEYS.get(event.key(), event.text())
        self._tell(event, "KeyPressEvent", key)
        self._tell(event, "CharEvent", key)

    def enterEvent(self, event):
        self._interactor.InvokeEvent("EnterEvent")

    def leaveEvent(self, event):
        self._interactor.InvokeEvent("LeaveEvent")
