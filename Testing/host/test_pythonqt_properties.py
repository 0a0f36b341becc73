"""Qt properties are attributes, enums ints, lists tuples; setters stay callable."""
import pytest


def test_properties_are_read_and_written_as_attributes(qt):
    label, button, spin, combo = qt.QLabel(), qt.QPushButton(), qt.QSpinBox(), qt.QComboBox()
    combo.addItems(["a", "b"])
    label.text, button.enabled, spin.value, combo.currentIndex = "x", False, 7, 1
    assert (label.text, button.enabled, spin.value, combo.currentText) == ("x", False, 7, "b")
    label.setText("y")
    button.setEnabled(True)
    assert (label.text, button.enabled, button.isEnabled()) == ("y", True, True)


def test_a_property_refuses_a_value_of_another_type(qt):
    with pytest.raises(AttributeError, match="does not accept"):
        qt.QLabel().text = object()


def test_a_property_that_can_not_be_written_says_so(qt):
    with pytest.raises(AttributeError, match="not writable"):
        qt.QLabel().sizeHint = qt.QSize(1, 1)


def test_objects_have_a_name(qt):
    label = qt.QLabel()
    label.name = "title"
    assert label.objectName == label.name == "title"


def test_enum_properties_are_ints(qt):
    label = qt.QLabel()
    label.alignment = qt.Qt.AlignRight
    assert label.alignment == 2 and type(label.alignment) is int
    assert type(qt.QSlider().orientation) is int


def test_lists_come_back_as_tuples(qt, host):
    parent, child = qt.QWidget(), qt.QLabel()
    child.setParent(parent)
    splitter = qt.QSplitter()
    splitter.addWidget(qt.QLabel())
    dialog = qt.QFileDialog()
    assert parent.children() == (child,)
    for found in (splitter.sizes(), host.topLevelWidgets(), qt.QApplication.allWidgets(), dialog.selectedFiles(),
                  qt.QDir(".").entryList(), parent.findChildren(qt.QLabel)):
        assert type(found) is tuple


def test_single_shot_of_a_timer_is_set_by_its_setter(qt):
    timer = qt.QTimer()
    with pytest.raises(AttributeError, match="singleShot"):
        timer.singleShot = True
    timer.setSingleShot(True)
    timer.interval = 5
    assert timer.isSingleShot() and timer.interval == 5


def test_child_widgets_and_dynamic_properties_are_attributes(qt):
    parent, child = qt.QWidget(), qt.QLabel()
    child.setParent(parent)
    child.name = "caption"
    parent.setProperty("answer", 42)
    assert parent.caption is child and parent.answer == 42
    parent.answer = 43
    assert parent.property("answer") == 43
    with pytest.raises(AttributeError, match="nothing"):
        parent.nothing  # noqa: B018


def test_new_attributes_on_plain_widgets_are_refused(qt):
    import ctk
    import slicer
    for widget in (qt.QWidget(), qt.QPushButton(), qt.QTimer(), ctk.ctkSliderWidget(), slicer.qMRMLWidget()):
        with pytest.raises(AttributeError, match="not allowed"):
            widget.mine = 1


def test_keywords_of_constructors_are_refused(qt):
    import ctk
    for make in (lambda: qt.QPushButton(text="a"), lambda: qt.QTimer(interval=3), lambda: qt.QColor(r=1),
                 lambda: ctk.ctkCollapsibleButton(text="a"), lambda: qt.QLabel("a", parent=None)):
        with pytest.raises(ValueError, match="keyword"):
            make()
