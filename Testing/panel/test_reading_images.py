"""Pictures of a reading: from the CT where it is, from the picture server elsewhere; nobody is named."""
from dataclasses import replace

import picture_server
import pytest
from cohort_factory import cohort
from dicom_factory import make_ct, make_sr, rectangle

from TumorConnectomeLib.base.errors import NotAvailable
from TumorConnectomeLib.imaging.sources import SeriesFiles
from TumorConnectomeLib.study.design import DesignChoices, draw_study

NLST = "1.2.840.113654.2.55."


class Folder:
    """A source that has the CT of some patients; keeps who was asked for."""

    name, remote = "folder", False

    def __init__(self, files):
        self.files, self.asked = files, []

    def find(self, request):
        return True

    def fetch(self, request):
        self.asked.append(request.patient_id)
        if request.patient_id not in self.files:
            raise NotAvailable(f"no images of patient {request.patient_id} ({request.ct_uid})")
        return self.files[request.patient_id]
        yield


@pytest.fixture
def bring(demo, tmp_path, monkeypatch):
    """Asks for patients of a study and waits: {patient: (image, problem)}, the source and the picture server.

    The scene is empty, and the panel shows nobody of the NLST: tests before may have left images, and more to fetch.
    """
    from TumorConnectomeLib.imaging.acquisition import acquire
    from TumorConnectomeLib.imaging.transfer_errors import is_offline
    from TumorConnectomeLib.panel.reading_images import ReadingImages
    from TumorConnectomeLib.work.queue import DownloadQueue
    from TumorConnectomeLib.work.runner import JobRunner
    server = picture_server.PictureServer()
    server.body = picture_server.png()
    monkeypatch.setenv("TUMORCONNECTOME_THUMBNAIL_BASE", server.address)
    made = draw_study(cohort(12), "A", DesignChoices(("Ann",), queries=1))[0]
    queue, runner = DownloadQueue(acquire, is_offline), JobRunner()

    def asked(patients, source, thumbnails=True, root=NLST):
        images = {patient: {"StudyInstanceUID": f"{root}1.{number}", "CT_SeriesInstanceUID": f"{root}2.{number}",
                            "center_SOPInstanceUID": f"{root}3.{number}"} for number, patient in enumerate(made.images)}
        for patient, files in source.files.items():
            images[patient]["CT_SeriesInstanceUID"] = files[1]
        source.files = {patient: files[0] if isinstance(files, tuple) else files for patient, files in source.files.items()}
        come = {}
        pictures = ReadingImages(runner, replace(made, images=images), queue, [source], tmp_path / "cache", thumbnails,
                                 lambda patient, image, problem: come.update({patient: (image, problem)}))
        pictures.ask(patients)
        demo.wait(lambda: not pictures.busy)
        return come

    yield asked, list(made.images), server
    runner.cleanup()
    queue.cleanup()
    server.close()


def ct_files(folder):
    """A CT with a report: (SeriesFiles, its UID)."""
    slices = make_ct(folder / "ct", 5, spacing=(1.0, 1.0), step=2.0)
    make_sr(folder / "sr.dcm", slices, [(2, rectangle(10, 10, 20, 20))])
    return SeriesFiles(folder / "ct", folder / "sr.dcm", "folder"), slices[0].SeriesInstanceUID


def test_slices_where_the_ct_is_and_thumbnails_elsewhere(bring, tmp_path):
    asked, patients, server = bring
    here, elsewhere = patients[:2]
    files, uid = ct_files(tmp_path)
    source = Folder({here: (files, uid)})
    come = asked([here, elsewhere], source)
    image, problem = come[here]
    assert problem == "" and image.mm_per_pixel == 1.0 and len(image.slices) == 5
    image, problem = come[elsewhere]
    assert problem == "" and image.mm_per_pixel is None and image.slices.shape == (1, 24, 32) and (image.slices == 128).all()
    assert len(server.requests) == 1
    source.asked.clear()                                # what was cut out before needs no CT any more
    source.files = {here: (files, uid)}
    assert asked([here], source)[here][0].mm_per_pixel == 1.0 and source.asked == []


@pytest.mark.parametrize("with_box", [True, False])
def test_a_ct_that_is_only_in_the_scene_is_used(bring, tmp_path, with_box):
    import slicer

    from TumorConnectomeLib.imaging.inspection import inspect
    from TumorConnectomeLib.scene.patient_nodes import load_patient, unload_patient
    from TumorConnectomeLib.scene.volume_readers import choose_reader
    asked, patients, server = bring
    files, uid = ct_files(tmp_path)
    patient = load_patient(patients[0], inspect(files.ct_folder, files.sr_file if with_box else None), choose_reader(True))
    source = Folder({patients[0]: (None, uid)})
    source.fetch = lambda request: _not_here(request)
    image, problem = asked(patients[:1], source)[patients[0]]
    unload_patient(patient)
    assert problem == "" and image.mm_per_pixel == (1.0 if with_box else None) and len(image.slices) == 5
    assert server.requests == [] and not slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")


def _not_here(request):
    raise NotAvailable("no images")
    yield


def test_what_can_not_be_had_is_told_without_a_name(bring):
    asked, patients, server = bring
    server.fault = 404
    image, problem = asked(patients[:1], Folder({}))[patients[0]]
    assert image is None and "no images of patient" in problem and "does not have this picture" in problem
    assert patients[0] not in problem and NLST not in problem


@pytest.mark.parametrize("options", [{"thumbnails": False}, {"root": "1.2.3.4."}])
def test_no_address_is_made_of_other_studies_or_against_the_users_wish(bring, options):
    asked, patients, server = bring
    image, problem = asked(patients[:1], Folder({}), **options)[patients[0]]
    assert image is None and problem and server.requests == []


def test_who_is_not_wanted_any_more_is_given_up(session, tmp_path):
    from held_source import HeldSource

    from TumorConnectomeLib.imaging.acquisition import acquire
    from TumorConnectomeLib.imaging.transfer_errors import is_offline
    from TumorConnectomeLib.panel.reading_images import ReadingImages
    from TumorConnectomeLib.work.queue import DownloadQueue
    from TumorConnectomeLib.work.runner import JobRunner
    study, source, come = draw_study(cohort(12), "A", DesignChoices(("Ann",), queries=1))[0], HeldSource(tmp_path), []
    patients = list(study.images)
    images = {patient: {"CT_SeriesInstanceUID": f"1.2.3.{number}"} for number, patient in enumerate(patients)}
    queue, runner = DownloadQueue(acquire, is_offline), JobRunner()
    pictures = ReadingImages(runner, replace(study, images=images), queue, [source], tmp_path, False,
                             lambda *one: come.append(one))
    pictures.ask(patients[:4])
    session.wait(lambda: source.started() == [0, 1])    # the most urgent first
    pictures.ask(patients[2:5])
    session.wait(lambda: {2, 3} <= set(source.started()))
    assert [job.was_stopped for job in source.jobs[:2]] == [True, True] and come == []
    source.release("1.2.3.2", "broken")
    session.wait(lambda: come)
    assert come[0][:2] == (patients[2], None) and "broken" in come[0][2]
    assert pictures.inUse == {name for place in (3, 4) for name in (patients[place], f"1.2.3.{place}")}
    pictures.ask([])
    assert not pictures.busy
    runner.cleanup()
    queue.cleanup()
