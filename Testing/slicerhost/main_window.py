"""Stand-in for Slicer's main window: module panel on the left, views on the right, a status bar."""
import slicer
from PySide6 import QtCore, QtWidgets

from .modules import select_module


class qSlicerModuleSelectorToolBar(QtWidgets.QWidget):
    """slicer.util.moduleSelector(): knows the current module; without the menus."""

    moduleSelected = QtCore.Signal(str)

    def __init__(self, show, parent=None):
        super().__init__(parent)
        self._selected, self._show = "", show

    def selectModule(self, name):
        """Show a module. As in Slicer one that is not there is the selected one from now on, nothing is shown or raised."""
        if slicer.app.moduleManager().module(name) is None:
            self._selected = name
            return
        self._show(name)            # not by the signal: errors of the module's setup() go to the caller
        self._selected = name
        self.moduleSelected.emit(name)

    selectedModule = property(lambda self: self._selected)


class qSlicerMainWindow(QtWidgets.QMainWindow):
    """The stand-alone window; slicer.util.mainWindow() finds it by its object name."""

    initialWindowShown = QtCore.Signal()
    _SIZE, _PANEL_WIDTH = (1480, 900), 430

    def __init__(self, module=None):
        super().__init__()
        slicer.app._window = self       # it holds the modules' panels: they live until the modules are unloaded
        self.setObjectName("qSlicerMainWindow")
        self.setWindowTitle("Slicer host")
        self._selector = qSlicerModuleSelectorToolBar(self._show_panel, self)
        self._selector.hide()
        self._scroll = QtWidgets.QScrollArea(widgetResizable=True)
        self._scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        dock = QtWidgets.QDockWidget(self)              # no splitter: it would hide from the window how wide its views must be
        dock.setObjectName("PanelDockWidget")
        dock.setTitleBarWidget(QtWidgets.QWidget())
        dock.setWidget(self._scroll)
        self.addDockWidget(QtCore.Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        self.setCentralWidget(slicer.app.layoutManager().viewport())
        self.resizeDocks([dock], [self._PANEL_WIDTH], QtCore.Qt.Orientation.Horizontal)
        self.statusBar()
        self.resize(*self._SIZE)
        if module is not None:
            self._selector.selectModule(module.name)

    def moduleSelector(self):
        return self._selector

    def _show_panel(self, name):
        panel = select_module(name)
        if self._scroll.widget() is not panel:
            self._scroll.takeWidget()                   # another module's panel stays alive
            self._scroll.setWidget(panel)
            panel.show()
            self._scroll.setMinimumWidth(self._narrowest(panel))
        self.setWindowTitle(panel.module().title or name)

    def _narrowest(self, panel):
        """As qSlicerModulePanel::minimumSizeHint(): no panel is cut at its right edge."""
        return max(self._PANEL_WIDTH, panel.minimumSizeHint().width() + self._scroll.verticalScrollBar().sizeHint().width())

    def showEvent(self, event):
        super().showEvent(event)
        self.initialWindowShown.emit()
