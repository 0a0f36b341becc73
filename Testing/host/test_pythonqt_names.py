"""Names that Slicer does not have raise AttributeError, as there."""
import pytest


@pytest.mark.parametrize("name", ["QTest", "QtTest", "QtSvg", "QtXml", "QtSql", "QtCharts", "QWebEngineView", "QEnterEvents"])
def test_module_names_that_slicer_lacks_are_refused(qt, name):
    with pytest.raises(AttributeError, match=name):
        getattr(qt, name)


def test_printing_classes_exist(qt):
    assert qt.QPrinter and qt.QPdfWriter


@pytest.mark.parametrize("name", ["QMediaPlayer", "QRegExp", "QDesktopWidget"])
def test_classes_that_slicer_has_and_the_host_lacks_are_named_as_missing(qt, name):
    with pytest.raises(NotImplementedError, match=name):
        getattr(qt, name)


def test_methods_of_qt_6_are_refused_on_values_and_widgets(qt):
    event = qt.QMouseEvent(qt.QEvent.MouseButtonPress, qt.QPointF(3, 4), qt.QPointF(3, 4), qt.Qt.LeftButton,
                           qt.Qt.LeftButton, qt.Qt.NoModifier)
    assert event.pos().x() == 3
    for thing, name in ((event, "position"), (event, "globalPosition"), (qt.QColor("red"), "getRgb"),
                        (qt.QDialogButtonBox(), "button"), (qt.QComboBox(), "setLabelDrawingMode")):
        assert not hasattr(thing, name), name
        with pytest.raises(AttributeError, match=name):
            getattr(thing, name)


def test_names_are_refused_on_classes_too(qt):
    for cls, name in ((qt.QMouseEvent, "position"), (qt.QColor, "getRgb"), (qt.QPainter, "__enter__")):
        with pytest.raises(AttributeError, match=name):
            getattr(cls, name)


def test_names_are_refused_on_python_subclasses(qt):
    class Combo(qt.QComboBox):
        pass

    with pytest.raises(AttributeError):
        Combo().setLabelDrawingMode(0)


def test_a_python_subclass_may_use_a_refused_name_for_itself(qt):
    class Combo(qt.QComboBox):
        def setLabelDrawingMode(self, mode):
            return mode

    assert Combo().setLabelDrawingMode(7) == 7


def test_dialogs_have_exec_with_underscore_only(qt):
    for thing in (qt.QDialog(), qt.QMenu(), qt.QEventLoop()):
        assert callable(thing.exec_)
        with pytest.raises(AttributeError, match="exec"):
            thing.exec  # noqa: B018


def test_looking_up_virtual_methods_from_cpp_is_not_disturbed(qt, host):
    class Label(qt.QLabel):
        """C++ asks Python subclasses for overrides of methods that Slicer does not have: connectNotify, ..."""

    label, got = Label("x"), []
    label.objectNameChanged.connect(got.append)         # asks for connectNotify
    label.setObjectName("title")
    assert got == ["title"]
    with pytest.raises(AttributeError, match="connectNotify"):
        label.connectNotify  # noqa: B018


def test_exec_runs_the_event_loop(qt):
    dialog = qt.QDialog()
    qt.QTimer.singleShot(0, dialog.accept)
    assert dialog.exec_() == qt.QDialog.Accepted


def test_quit_is_no_method_of_the_class(qt, host):
    with pytest.raises(AttributeError, match="quit"):
        qt.QApplication.quit()
    assert callable(host.quit)


def test_enumerators_are_names_of_the_class_not_of_the_enum(qt):
    assert int(qt.Qt.AlignRight) == 2
    with pytest.raises(AttributeError):
        qt.Qt.AlignmentFlag.AlignRight  # noqa: B018
    assert qt.Qt.AlignmentFlag(2) == qt.Qt.AlignRight
    assert qt.QLineEdit().Password == qt.QLineEdit.Password


def test_native_code_keeps_the_names_of_pyside(qt):
    box = qt.QMessageBox()
    box.text = "ok"
    for module in ("slicerhost.probe", "vtkmodules.qt.probe"):
        namespace = {"__name__": module}
        exec("def text(box):\n    return box.exec and box.text()", namespace)
        assert namespace["text"](box) == "ok"


def test_unbound_slots_can_be_called_but_not_printed(qt):
    label = qt.QLabel("a")
    qt.QLabel.setText(label, "b")
    assert label.text == "b"
    with pytest.raises(RuntimeError, match="crashes"):
        repr(qt.QLabel.setText)


def test_application_layout_and_views_have_slicers_names(window):
    import slicer
    manager = slicer.app.layoutManager()
    widget = manager.sliceWidget("Red")
    for thing, name in ((slicer.app, "scene"), (manager, "sliceWidgets"), (widget, "slider"), (widget.sliceView(), "image")):
        with pytest.raises(AttributeError, match=name):
            getattr(thing, name)
    for thing, name in ((slicer.app, "errorLogModel"), (manager, "activeThreeDRenderer"), (widget, "viewColor"),
                        (widget.sliceView(), "convertXYZToRAS")):
        with pytest.raises(NotImplementedError, match=name):
            getattr(thing, name)


def test_the_export_script_writes_the_format_that_the_host_reads(tmp_path, monkeypatch):
    import types

    from slicerhost import export_names, qt_names
    module = types.SimpleNamespace(QObject=type("QObject", (), {"parent": 1}),
                                   QWidget=type("QWidget", (), {"parent": 1, "show": 2}),
                                   QLabel=type("QLabel", (), {"parent": 1, "show": 2, "text": 3}), qVersion=len)
    bases = [("qt.QWidget", {"parent", "show"}), ("qt.QObject", {"parent"})]
    found = export_names.classes_and_names(module, bases)
    assert found["classes"]["QLabel"] == {"base": "qt.QWidget", "names": ["text"]}
    assert found["names"] == ["qVersion"] and "base" not in found["classes"]["QObject"]
    export_names.write({"qt": found, "ctk": {"classes": {}, "names": []}, "slicer": {"classes": {}, "names": []}},
                       tmp_path / "names.json.gz")
    monkeypatch.setattr(qt_names, "PATH", tmp_path / "names.json.gz")
    assert qt_names.of_class.__wrapped__ and qt_names.table.__wrapped__()["qt"] == found
    assert export_names.signatures(types.SimpleNamespace(load=lambda path, clear=True: None)) == {"load": "(path, clear=True)"}
