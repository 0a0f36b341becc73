"""Series from Slicer's DICOM database: the CT alone in a folder, the report that refers to it, nothing that is gone."""
import shutil

import pytest
from dicom_factory import make_ct, make_sr, rectangle

from TumorConnectomeLib.base.errors import JobFailed, NotAvailable
from TumorConnectomeLib.imaging.dicom_database_source import DicomDatabaseSource
from TumorConnectomeLib.imaging.file_header import SYBIL_DESCRIPTION, read_header
from TumorConnectomeLib.imaging.sources import SeriesRequest
from TumorConnectomeLib.work.jobs import run_blocking


class FakeDatabase:
    """ctkDICOMDatabase as PythonQt shows it: `isOpen` is a property, lists come as tuples, unknown UIDs give empty ones."""

    isOpen = True

    def __init__(self, folder):
        self.series = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (header := read_header(path)):
                self.series.setdefault(header.series_uid, ([], header.modality))[0].append(str(path))

    def filesForSeries(self, uid, hits=-1):
        files = tuple(self.series.get(uid, ((), ""))[0])
        return files[:hits] if hits > 0 else files

    def seriesForStudy(self, uid):
        assert uid
        return tuple(self.series)

    def studyForSeries(self, uid):
        assert uid in self.series
        return "1.2.3"

    def fieldForSeries(self, field, uid):
        assert field == "Modality"
        return self.series[uid][1]


class Imported:
    """A CT of five files, its report and reports of others, in the folders of a database."""

    def __init__(self, folder, cache):
        self.folder, self.cache = folder, cache
        self.slices = make_ct(folder / "ct", 5, size=(8, 8))
        self.report = self.add_report("SR_1")
        self.request = SeriesRequest("100158", self.slices[0].StudyInstanceUID, self.slices[0].SeriesInstanceUID)

    def add_report(self, name, slices=None, description=SYBIL_DESCRIPTION):
        path = self.folder / name
        make_sr(path, slices or self.slices, [(0, rectangle(1, 1, 3, 3))], SeriesDescription=description)
        return path

    def source(self, **options):
        return DicomDatabaseSource(FakeDatabase(self.folder), self.cache, **options)

    def fetch(self, source=None, request=None):
        return run_blocking((source or self.source()).fetch(request or self.request))


@pytest.fixture
def imported(tmp_path):
    return Imported(tmp_path / "database", tmp_path / "cache")


def test_a_series_of_the_database_is_used_where_it_lies(imported):
    assert imported.source().find(imported.request)
    files = imported.fetch()
    assert (files.ct_folder, files.sr_file, files.note) == (imported.folder / "ct", imported.report, "")
    assert files.source == "Slicer's DICOM database"
    assert not list((imported.cache / "dicom-database").iterdir())


def test_a_series_among_others_is_handed_over_alone(imported):
    for path in list((imported.folder / "ct").iterdir()):
        shutil.move(path, imported.folder / path.name)
    before = sorted(imported.folder.iterdir())
    files = imported.fetch()
    assert files.ct_folder.is_relative_to(imported.cache) and len(list(files.ct_folder.iterdir())) == 5
    assert {read_header(path).series_uid for path in files.ct_folder.iterdir()} == {imported.request.ct_uid}
    assert sorted(imported.folder.iterdir()) == before


@pytest.mark.parametrize("database", [None, type("Closed", (), {"isOpen": False})()])
def test_without_an_open_database_there_is_nothing(imported, database):
    source = DicomDatabaseSource(database, imported.cache)
    assert not source.find(imported.request)
    with pytest.raises(NotAvailable):
        imported.fetch(source)


def test_a_series_that_the_database_does_not_list(imported):
    assert not imported.source().find(SeriesRequest("x", "1.2", "1.2.3"))


def test_files_that_are_gone_are_noticed(imported):
    source = imported.source()
    next((imported.folder / "ct").iterdir()).unlink()
    with pytest.raises(JobFailed, match="only 4 of 5 files of the CT series"):
        imported.fetch(source)
    shutil.rmtree(imported.folder / "ct")
    with pytest.raises(NotAvailable, match="none of the 5 files"):
        imported.fetch(source)


def test_a_half_imported_series_is_noticed_when_its_number_of_files_is_known(imported):
    with pytest.raises(JobFailed, match="only 5 of 9 files of the CT series"):
        imported.fetch(imported.source(listed=lambda uid: 9))


def test_files_that_became_those_of_another_series_are_not_used(imported, tmp_path):
    other = make_ct(tmp_path / "other", 1, size=(8, 8))
    source = imported.source()
    victim = next((imported.folder / "ct").iterdir())
    victim.write_bytes(next((tmp_path / "other").iterdir()).read_bytes())
    assert other[0].SeriesInstanceUID != imported.request.ct_uid
    with pytest.raises(JobFailed, match="only 4 of 5"):
        imported.fetch(source)


def test_the_report_is_the_one_that_refers_to_the_ct(imported, tmp_path):
    imported.add_report("A_other_ct", make_ct(tmp_path / "elsewhere", 1, size=(8, 8)))
    imported.add_report("B_other_kind", description="Volumetric measurements")
    assert imported.fetch().sr_file == imported.report
    wanted = imported.add_report("SR_2", description="Second reading")
    request = SeriesRequest("", imported.request.study_uid, imported.request.ct_uid, read_header(wanted).series_uid)
    assert imported.fetch(request=request).sr_file == wanted


def test_a_ct_without_a_report_is_told(imported):
    imported.report.unlink()
    files = imported.fetch()
    assert files.sr_file is None and "has no report that refers to the CT series" in files.note


def test_the_study_is_looked_up_when_the_cohort_does_not_name_it(imported):
    files = imported.fetch(request=SeriesRequest("100158", "", imported.request.ct_uid))
    assert files.sr_file == imported.report
