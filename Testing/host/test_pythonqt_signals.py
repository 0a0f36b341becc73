"""Connections by signature string and by signal object."""
import gc
import weakref

import pytest


def test_both_forms_connect(qt):
    button, got = qt.QPushButton(), []
    button.connect("clicked(bool)", got.append)
    button.clicked.connect(lambda: got.append("lambda"))
    button.connect("clicked()", lambda: got.append("none"))
    button.click()
    assert got == [False, "lambda", "none"]


def test_both_forms_disconnect(qt):
    button, got = qt.QPushButton(), []
    button.connect("clicked(bool)", got.append)
    button.clicked.connect(got.append)
    assert button.disconnect("clicked(bool)", got.append)
    button.click()
    assert got == [False]
    assert button.clicked.disconnect(got.append)
    button.click()
    assert got == [False] and not button.disconnect("clicked(bool)", got.append)


def test_classes_with_a_look_up_of_their_own_follow_the_rules_too(qt):
    for make, signal in ((qt.QMenu, "aboutToHide"), (qt.QFile, "aboutToClose"), (qt.QProcess, "started")):
        sender, got = make(), []
        getattr(sender, signal).connect(lambda got=got: got.append(1))
        assert sender.connect(f"{signal}()", lambda got=got: got.append(2))
        getattr(sender, signal).emit()
        assert got == [1, 2]


@pytest.mark.parametrize("signal", ["clickd()", "clicked", "clicked(int)", "currentIndexChanged()", "click()"])
def test_a_signal_that_does_not_exist_is_an_error(qt, signal):
    with pytest.raises(RuntimeError, match="does not exist"):
        qt.QPushButton().connect(signal, print)


def test_signals_of_stand_ins_connect_by_slicers_signatures(qt):
    import ctk
    import slicer
    slider, selector, got = ctk.ctkSliderWidget(), slicer.qMRMLNodeComboBox(), []
    slider.connect("valueChanged(double)", got.append)
    selector.connect("currentNodeChanged(vtkMRMLNode*)", got.append)
    slider.value = 5
    selector.currentNodeChanged.emit(None)
    assert got == [5.0, None]


def test_a_function_gets_as_many_arguments_as_it_takes(qt):
    spin, got = qt.QSpinBox(), []
    spin.valueChanged.connect(lambda: got.append("none"))
    spin.valueChanged.connect(lambda value: got.append(value))
    spin.valueChanged.connect(lambda value, other=4: got.append((value, other)))
    spin.valueChanged.connect(lambda *values: got.append(values))
    spin.value = 3
    assert got == ["none", 3, (3, 4), (3,)]


def test_a_bound_method_keeps_its_object_alive_until_disconnected(qt):
    class Receiver:
        def slot(self):
            self.called = True

    for connect, disconnect in ((lambda b, f: b.connect("clicked()", f), lambda b, f: b.disconnect("clicked()", f)),
                                (lambda b, f: b.clicked.connect(f), lambda b, f: b.clicked.disconnect(f))):
        button, receiver = qt.QPushButton(), Receiver()
        alive = weakref.ref(receiver)
        connect(button, receiver.slot)
        del receiver
        gc.collect()
        button.click()
        assert alive().called
        disconnect(button, alive().slot)
        gc.collect()
        assert alive() is None


def test_an_error_in_a_slot_goes_to_the_excepthook(qt, no_silent_errors):
    def fail():
        raise LookupError("in a slot")

    button = qt.QPushButton()
    button.clicked.connect(fail)
    button.click()
    assert [str(error) for error in no_silent_errors] == ["in a slot"]
    no_silent_errors.clear()


def test_errors_in_timers_and_observers_go_to_the_excepthook(qt, host, no_silent_errors):
    import slicer

    def fail(*arguments):
        raise LookupError("late")

    node = slicer.vtkMRMLModelNode()
    node.AddObserver("ModifiedEvent", fail)
    node.Modified()
    qt.QTimer.singleShot(0, fail)
    while len(no_silent_errors) < 2:
        host.processEvents()
    assert {str(error) for error in no_silent_errors} == {"late"}
    no_silent_errors.clear()


def test_only_callables_can_be_connected(qt):
    with pytest.raises(TypeError, match="callable"):
        qt.QPushButton().clicked.connect("f")
