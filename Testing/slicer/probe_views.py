"""Probes of the application, the layout manager and the views."""
import pathlib

import qt
import slicer
from probe_tools import NO_EFFECT, NotHere, folder, layout_manager, refused

_FREE_NUMBER, _TEXT = 18999, '<layout type="vertical"><item><view class="vtkMRMLSliceNode" singletontag="Red"/></item></layout>'
_NOBODY = "NoSuchThing"


def _first(class_name, shown):
    """The first node of a class of view for which the layout manager has a widget."""
    found = [node for node in slicer.util.getNodesByClass(class_name) if shown(node.GetName()) is not None]
    if not found:
        raise NotHere(f"the layout has no view of {class_name}")
    return found[0]


def _slice_widget():
    manager = layout_manager()
    return manager.sliceWidget(_first("vtkMRMLSliceNode", manager.sliceWidget).GetName())


def _three_d_node():
    return _first("vtkMRMLViewNode", layout_manager().threeDWidget)


def _three_d_widget():
    return layout_manager().threeDWidget(_three_d_node().GetName())


def _plot_widget():
    manager = layout_manager()
    if not manager.plotViewCount:
        raise NotHere("no layout with a plot view was shown yet")
    return manager.plotWidget(0)


def _plot_by_place(cleaning):
    _plot_widget()
    manager = layout_manager()
    nodes = {manager.plotWidget(place).mrmlPlotViewNode().GetID() for place in range(manager.plotViewCount)}
    return len(nodes) == manager.plotViewCount, manager.plotWidget(manager.plotViewCount)


def _layout_changed(cleaning):
    """The signal comes at a change of the layout, and not after it was disconnected."""
    manager, heard = layout_manager(), []
    cleaning.callback(manager.setLayout, manager.layout)

    def on_layout(number):
        heard.append(number)

    manager.connect("layoutChanged(int)", on_layout)
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpGreenSliceView)
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    manager.disconnect("layoutChanged(int)", on_layout)
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpGreenSliceView)
    return heard == [slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpGreenSliceView,
                     slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView], NO_EFFECT


def _bar_is_kept(cleaning):
    """A bar that is hidden stays so in another layout."""
    manager, bar = layout_manager(), _slice_widget().sliceController()
    cleaning.callback(bar.setVisible, not bar.isHidden())
    cleaning.callback(manager.setLayout, manager.layout)
    bar.setVisible(False)
    hidden = bar.isHidden()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpGreenSliceView)
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    kept = bar.isHidden()
    bar.setVisible(True)
    return hidden and kept and not bar.isHidden()


def _set_layout(cleaning):
    manager, conventional = layout_manager(), slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView
    cleaning.callback(manager.setLayout, manager.layout)
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView)
    right = manager.layout == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView
    manager.setLayout(_FREE_NUMBER)
    return right and conventional == 2, manager.layout


def _slice_by_name(cleaning):
    manager = layout_manager()
    node, name = (widget := _slice_widget()).mrmlSliceNode(), widget.mrmlSliceNode().GetName()
    cleaning.callback(node.SetName, name)
    node.SetName("Renamed")
    return manager.sliceWidget("Renamed") is not None and manager.sliceWidget(name) is None, manager.sliceWidget(_NOBODY)


def _three_d_by_name(cleaning):
    manager, node = layout_manager(), _three_d_node()
    right = manager.threeDWidget(node.GetName()).mrmlViewNode().GetID() == node.GetID()
    return right and node.GetName() != node.GetLayoutName(), manager.threeDWidget(node.GetLayoutName())


def _layout_node(cleaning):
    """The layout node, with a number that is taken for the time of a probe."""
    node = layout_manager().layoutLogic().GetLayoutNode()
    cleaning.callback(lambda: node.IsLayoutDescription(_FREE_NUMBER) and node.SetLayoutDescription(_FREE_NUMBER, ""))
    return node


def _is_description(cleaning):
    node = _layout_node(cleaning)
    return node.IsLayoutDescription(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView), node.IsLayoutDescription(_FREE_NUMBER)


def _add_description(cleaning):
    node = _layout_node(cleaning)
    return node.AddLayoutDescription(_FREE_NUMBER, _TEXT), node.AddLayoutDescription(_FREE_NUMBER, _TEXT + " ")


def _set_description(cleaning):
    node = _layout_node(cleaning)
    before = node.SetLayoutDescription(_FREE_NUMBER, _TEXT)
    node.AddLayoutDescription(_FREE_NUMBER, _TEXT)
    taken_away = node.SetLayoutDescription(_FREE_NUMBER, "") and not node.IsLayoutDescription(_FREE_NUMBER)
    return taken_away, before


def _renderers(cleaning):
    renderers = _slice_widget().sliceView().renderWindow().GetRenderers()
    return renderers.GetItemAsObject(0).GetLayer() == 0, renderers.GetItemAsObject(99)


def _factory(cleaning, what):
    factory, widget = slicer.qSlicerSingletonViewFactory(), qt.QWidget()
    factory.setTagName("ProbeTag")
    factory.setWidget(widget)
    return factory.tagName() == "ProbeTag" if what == "tag" else factory.widget() is not None


def _select_module(cleaning):
    if slicer.util.mainWindow() is None:
        raise NotHere("there is no module selector without a main window")
    before = slicer.util.selectedModule()
    cleaning.callback(lambda: slicer.util.selectModule(before) if before else None)
    wrong = refused(slicer.util.selectModule, _NOBODY)
    return slicer.util.selectedModule() in (before, _NOBODY), wrong


def _selected_module(cleaning):
    if slicer.util.mainWindow() is None:
        raise NotHere("there is no module selector without a main window")
    before = slicer.util.selectedModule()
    cleaning.callback(lambda: slicer.util.selectModule(before) if before else None)
    slicer.util.selectModule(_NOBODY)
    return slicer.util.selectedModule() == _NOBODY


def _load_ui(cleaning):
    path = pathlib.Path(folder(cleaning)) / "probe.ui"
    path.write_text('<ui version="4.0"><class>W</class><widget class="QWidget" name="W"/></ui>', encoding="utf-8")
    return slicer.util.loadUI(str(path)) is not None, refused(slicer.util.loadUI, str(path) + ".missing")


def _children(cleaning):
    parent = qt.QWidget()
    edit = qt.QLineEdit(parent)
    edit.objectName = "probeEdit"
    return parent, edit


def _find_children(cleaning):
    parent, _edit = _children(cleaning)
    found = slicer.util.findChildren(parent, className="QLine*")
    named = slicer.util.findChildren(parent, name="probe*")
    docks = slicer.util.findChildren(slicer.util.mainWindow(), name="PanelDockWidget") if slicer.util.mainWindow() else [None]
    return len(found) == len(named) == len(docks) == 1, slicer.util.findChildren(parent, className="QWidge")


def _signal(sender, signal, right):
    """Whether a signal can be connected; a wrong one is no exception."""
    def slot(*_arguments):
        pass

    sender.connect(signal, slot)
    sender.disconnect(signal, slot)
    return right, NO_EFFECT


def _dialogs(cleaning):
    if not slicer.app.testingEnabled():
        raise NotHere("it would open a dialog outside of testing mode")
    return slicer.util.confirmOkCancelDisplay("Probe") is False


def _error_display(cleaning):
    def fail():
        with slicer.util.tryWithErrorDisplay("Probe", show=False, waitCursor=True):
            raise KeyError("probe")

    return isinstance(refused(fail), KeyError)


def _settings(cleaning):
    settings = qt.QSettings()
    cleaning.callback(settings.remove, "TumorConnectomeProbe")
    settings.setValue("TumorConnectomeProbe/key", 2.5)
    return float(settings.value("TumorConnectomeProbe/key")) == 2.5


def _settings_value(cleaning):
    _settings(cleaning)
    right = slicer.util.settingsValue("TumorConnectomeProbe/key", 0.0, converter=float) == 2.5
    return right, slicer.util.settingsValue("TumorConnectomeProbe/none", None)


def _all_keys(cleaning):
    _settings(cleaning)
    return "TumorConnectomeProbe/key" in qt.QSettings().allKeys()


def _removed_settings(cleaning):
    """A key goes with all below it; another one is no error."""
    _settings(cleaning)
    settings = qt.QSettings()
    settings.remove("TumorConnectomeProbe")
    settings.sync()
    return not [key for key in settings.allKeys() if key.startswith("TumorConnectomeProbe")], \
        refused(settings.remove, "TumorConnectomeProbe/none")


PROBES = {
    "slicer.app.layoutManager": lambda cleaning: layout_manager() is not None,
    "slicer.app.applicationLogic": lambda cleaning: slicer.app.applicationLogic().IsA("vtkMRMLApplicationLogic"),
    "slicer.app.processEvents": lambda cleaning: slicer.app.processEvents() is None,
    "slicer.app.connect": lambda cleaning: _signal(slicer.app, "startupCompleted()", True),
    "slicer.app.activeModalWidget": lambda cleaning: (True, slicer.app.activeModalWidget()),
    "layoutManager.layout": lambda cleaning: isinstance(layout_manager().layout, int),
    "layoutManager.setLayout": _set_layout,
    "layoutManager.layoutLogic": lambda cleaning: layout_manager().layoutLogic().GetLayoutNode() is not None,
    "layoutManager.mrmlSliceLogics": lambda cleaning: layout_manager().mrmlSliceLogics().GetNumberOfItems() > 0,
    "layoutManager.registerViewFactory": lambda cleaning: callable(layout_manager().registerViewFactory),
    "layoutManager.sliceWidget": _slice_by_name,
    "layoutManager.threeDWidget": _three_d_by_name,
    "layoutManager.plotViewCount": lambda cleaning: _plot_widget() is not None,
    "layoutManager.plotWidget": _plot_by_place,
    "layoutManager.connect": _layout_changed, "layoutManager.disconnect": _layout_changed,
    "sliceController.setVisible": _bar_is_kept, "sliceController.isHidden": _bar_is_kept,
    "threeDWidget.threeDController": lambda cleaning: _three_d_widget().threeDController().isHidden() in (True, False),
    "plotWidget.mrmlPlotViewNode": lambda cleaning: _plot_widget().mrmlPlotViewNode().IsA("vtkMRMLPlotViewNode"),
    "plotWidget.plotView": lambda cleaning: _plot_widget().plotView() is not None,
    "plotView.chart": lambda cleaning: _plot_widget().plotView().chart().IsA("vtkChartXY"),
    "plotView.scene": lambda cleaning: _plot_widget().plotView().scene().IsA("vtkContextScene"),
    "sliceWidget.sliceLogic": lambda cleaning: _slice_widget().sliceLogic().IsA("vtkMRMLSliceLogic"),
    "sliceWidget.sliceView": lambda cleaning: _slice_widget().sliceView().renderWindow() is not None,
    "sliceWidget.mrmlSliceNode": lambda cleaning: _slice_widget().mrmlSliceNode().IsA("vtkMRMLSliceNode"),
    "sliceWidget.sliceController": lambda cleaning: _slice_widget().sliceController().mrmlSliceNode() is not None,
    "sliceView.scheduleRender": lambda cleaning: _slice_widget().sliceView().scheduleRender() is None,
    "threeDWidget.threeDView": lambda cleaning: _three_d_widget().threeDView() is not None,
    "threeDView.renderWindow": lambda cleaning: len(_three_d_widget().threeDView().renderWindow().GetSize()) == 2,
    "vtkRendererCollection.GetItemAsObject": _renderers,
    "qSlicerSingletonViewFactory.setTagName": lambda cleaning: _factory(cleaning, "tag"),
    "qSlicerSingletonViewFactory.setWidget": lambda cleaning: _factory(cleaning, "widget"),
    "vtkMRMLLayoutNode.IsLayoutDescription": _is_description,
    "vtkMRMLLayoutNode.AddLayoutDescription": _add_description,
    "vtkMRMLLayoutNode.SetLayoutDescription": _set_description,
    "QSettings.setValue": _settings, "QSettings.allKeys": _all_keys, "QSettings.remove": _removed_settings,
    "QSettings.sync": lambda cleaning: qt.QSettings().sync() is None,
    "QSettings.value": lambda cleaning: (_settings(cleaning), qt.QSettings().value("TumorConnectomeProbe/none")),
    "slicer.util.settingsValue": _settings_value,
    "slicer.util.findChildren": _find_children,
    "slicer.util.childWidgetVariables":
        lambda cleaning: hasattr(slicer.util.childWidgetVariables(_children(cleaning)[0]), "probeEdit"),
    "slicer.util.loadUI": _load_ui,
    "slicer.util.mainWindow": lambda cleaning: slicer.util.mainWindow() is not None or layout_manager() is None,
    "slicer.util.selectModule": _select_module, "slicer.util.selectedModule": _selected_module,
    "slicer.util.confirmOkCancelDisplay": _dialogs,
    "slicer.util.tryWithErrorDisplay": _error_display,
}
