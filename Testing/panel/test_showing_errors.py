"""When images can not be shown: no dialog, what was shown stays, the next click works. A normal load logs no error."""
import sys

import pytest
from vtk_log import vtk_log

#: places of two patients whose CTs other tests make, too
PAIR = (0, 34)
FILES = [f"/data/of/a/patient/ct/slice_{number:04}.dcm" for number in range(600)]


@pytest.fixture
def dialogs(monkeypatch):
    """The texts of error dialogs, which would wait for the user outside of testing mode."""
    import slicer.util

    opened = []
    monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda self: False)
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **options: opened.append(text))
    return opened


@pytest.fixture
def broken(monkeypatch, demo):
    """Call it, and images can not be shown any more, with an error as PythonQt makes them; call it again to repair."""
    from TumorConnectomeLib.panel import image_display

    real, shown = image_display.show_patients, []

    def show_patients(patients, *arguments):
        if [nodes.patient_id for nodes in patients.values()] != shown[0]:
            raise ValueError(f"Could not find matching overload for given arguments: ({FILES},)")
        real(patients, *arguments)

    def toggle():
        shown[:] = [[nodes.patient_id for nodes in demo.panel.imaging.shown.values()]]
        broken_now = image_display.show_patients is real
        monkeypatch.setattr(image_display, "show_patients", show_patients if broken_now else real)
    return toggle


def load(demo, patient):
    demo.panel.select(patient)
    demo.panel.load(patient)
    demo.wait(lambda: not demo.panel.imaging.busy, what="loaded")
    demo.settle()
    return demo.panel.ui.imageStatusLabel.text


@pytest.mark.parametrize("shown_before", [True, False])
def test_an_error_in_showing_is_one_line_and_the_next_click_works(demo, dialogs, broken, no_silent_errors, shown_before):
    import slicer

    first, second = (demo.panel.state.cohort.patient_ids[place] for place in PAIR)
    if shown_before:
        demo.show_images(first)
    layout, before = slicer.app.layoutManager().layout, demo.panel.imaging.shown
    broken()
    text = load(demo, second)
    assert text.startswith("\N{WARNING SIGN} The images can not be shown") and "matching overload" in text and len(text) < 400
    assert demo.panel.imaging.shown == before and slicer.app.layoutManager().layout == layout and not dialogs
    assert [type(error).__name__ for error in no_silent_errors] == ["ProgramError"]
    assert "ValueError: Could not find" in str(no_silent_errors[0]) and len(str(no_silent_errors[0])) <= 2000
    if shown_before:
        assert demo.panel.compare.display.labelText("Query", "Axial").startswith(f"Query {first}")
    no_silent_errors.clear()
    broken()
    assert "can not be shown" not in load(demo, second)
    assert [nodes.patient_id for nodes in demo.panel.imaging.shown.values()] == [second] and not dialogs


def test_files_that_can_not_be_listed_are_read_all_the_same(demo, monkeypatch, no_silent_errors):
    """A database that Slicer replaced meanwhile, or an indexer that refuses its arguments."""
    from TumorConnectomeLib.panel import imaging_controller
    from TumorConnectomeLib.scene import volume_readers

    class Unlistable(volume_readers.ArchetypeReader):
        def unlisted_files(self, inspections):
            raise ValueError(f"Called addListOfFiles with wrong arguments: ({FILES},)")

    monkeypatch.setattr(imaging_controller, "choose_reader", lambda synthetic: Unlistable())
    patient = demo.panel.state.cohort.patient_ids[PAIR[1]]
    load(demo, patient)
    assert [nodes.patient_id for nodes in demo.panel.imaging.shown.values()] == [patient]
    assert len(no_silent_errors) == 1 and len(str(no_silent_errors[0])) <= 2000
    no_silent_errors.clear()


def test_a_normal_load_of_two_patients_logs_no_error(demo):
    first, second = (demo.panel.state.cohort.patient_ids[place] for place in PAIR)
    with vtk_log() as texts:
        demo.show_images(first, second)
    assert texts == []


def test_an_error_is_reported_with_its_place_and_without_its_arguments(monkeypatch):
    from TumorConnectomeLib.panel.error_log import report_error

    reported = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: reported.append(error))

    def place_of_the_fault():
        raise TypeError(f"{FILES}")

    try:
        place_of_the_fault()
    except TypeError as error:
        report_error(error)
    (kind, error, trace), = reported
    places = []
    while trace is not None:
        places.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert places[-1] == "place_of_the_fault" and error.__cause__ is None and error.__context__ is None
    assert str(error).startswith("TypeError: ['/data") and len(str(error)) <= 2000 and kind is type(error)
