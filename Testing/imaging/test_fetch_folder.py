"""Series from a local folder of any structure."""
import os
import shutil

import pydicom
import pytest
from dicom_factory import make_ct, make_sr, rectangle

from TumorConnectomeLib.base.errors import InputError, JobFailed, NotAvailable
from TumorConnectomeLib.imaging import folder_source, linked_files
from TumorConnectomeLib.imaging.file_header import SYBIL_DESCRIPTION, read_header
from TumorConnectomeLib.imaging.folder_source import FolderSource, index_folder
from TumorConnectomeLib.imaging.sources import SeriesRequest
from TumorConnectomeLib.work.jobs import run_blocking

COUNT = 5


class LocalStudy:
    """A CT and its report in `folder`, in the layout of a download by series."""

    def __init__(self, folder, cache):
        self.folder, self.cache = folder, cache
        self.ct_folder = folder / "nlst" / "100158" / "CT_1"
        self.slices = make_ct(self.ct_folder, COUNT, size=(8, 8))
        self.report_file = self.add_report("SR_1")
        self.request = SeriesRequest("100158", self.slices[0].StudyInstanceUID, self.slices[0].SeriesInstanceUID)

    def add_report(self, name, slices=None, description=SYBIL_DESCRIPTION):
        path = self.folder / "nlst" / "100158" / name / "report"
        path.parent.mkdir()
        make_sr(path, slices or self.slices, [(0, rectangle(1, 1, 3, 3))], SeriesDescription=description)
        return path

    def fetch(self, request=None):
        source = FolderSource(self.folder, self.cache)
        assert source.find(self.request)
        return run_blocking(source.fetch(request or self.request))

    def originals(self):
        return sorted(path.read_bytes() for path in self.folder.rglob("*.dcm"))


@pytest.fixture
def study(tmp_path):
    return LocalStudy(tmp_path / "data", tmp_path / "cache")


def contents(folder):
    return sorted(path.read_bytes() for path in folder.iterdir())


def test_a_ct_alone_in_its_folder_is_used_where_it_lies(study):
    files = study.fetch()
    assert (files.ct_folder, files.sr_file, files.note) == (study.ct_folder, study.report_file, "")
    assert files.source == f"Folder {study.folder}"


def test_a_ct_among_other_files_is_linked_without_changing_the_folder(study):
    flat = study.folder / "flat"
    flat.mkdir()
    for number, path in enumerate(study.ct_folder.iterdir()):
        shutil.move(path, flat / f"1.2.840.{number}")   # UIDs as names, no suffix
    shutil.rmtree(study.ct_folder)
    shutil.move(study.report_file, flat / "report")
    (flat / "notes.txt").write_text("not DICOM")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in flat.iterdir()}
    files = study.fetch()
    assert files.ct_folder.is_relative_to(study.cache) and files.sr_file == flat / "report"
    assert contents(files.ct_folder) == sorted(content for name, (content, _) in before.items() if name.startswith("1.2.840."))
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in flat.iterdir()} == before


def test_a_ct_spread_over_folders_is_brought_together(study):
    other = study.folder / "more"
    other.mkdir()
    expected = contents(study.ct_folder)
    shutil.move(next(study.ct_folder.iterdir()), other / "slice.dcm")
    assert contents(study.fetch().ct_folder) == expected


def test_a_second_copy_of_the_ct_is_ignored(study):
    shutil.copytree(study.ct_folder, study.folder / "zz-copy")
    assert contents(study.fetch().ct_folder) == contents(study.ct_folder)


def test_links_are_made_again_when_the_files_change(study):
    (study.ct_folder / "notes.txt").write_text("so that links are needed")
    first = study.fetch().ct_folder
    next(first.iterdir()).unlink()
    assert contents(study.fetch().ct_folder) == study.originals()


@pytest.mark.parametrize("refused", [["symlink"], ["symlink", "link"]])
def test_where_links_are_not_possible_files_are_copied(study, tmp_path, monkeypatch, refused):
    def refuse(*arguments):
        raise OSError("not supported here")
    for name in refused:
        monkeypatch.setattr(linked_files.os, name, refuse)
    original = next(study.ct_folder.iterdir())
    linked_files.link(original, tmp_path / "made.dcm")
    assert (tmp_path / "made.dcm").read_bytes() == original.read_bytes() and not (tmp_path / "made.dcm").is_symlink()


def test_the_report_is_the_one_that_refers_to_the_ct(study, tmp_path):
    others = make_ct(tmp_path / "elsewhere", 1, size=(8, 8))
    study.add_report("A_other_ct", others)
    study.add_report("B_other_kind", description="Volumetric measurements")
    assert study.fetch().sr_file == study.report_file


def test_of_several_reports_the_one_with_regions_on_the_slices_counts_whatever_its_name(study):
    """A text report that lists the CT as evidence comes first by name, as in most studies."""
    text = study.add_report("A_text", description="Radiology report")
    dataset = pydicom.dcmread(text)
    dataset.ContentSequence[-1].ContentSequence = []
    dataset.save_as(text)
    assert study.fetch().sr_file == study.report_file
    study.report_file.unlink()
    assert study.fetch().sr_file is None, "a report without regions has no boxes to show"


def test_the_report_asked_for_is_preferred(study):
    wanted = study.add_report("SR_2", description="Second reading")
    request = SeriesRequest("", study.request.study_uid, study.request.ct_uid, read_header(wanted).series_uid)
    assert study.fetch(request).sr_file == wanted


def test_a_ct_without_a_report_is_told(study):
    study.report_file.unlink()
    files = study.fetch()
    assert files.sr_file is None and "has no report that refers to the CT series" in files.note


def test_half_a_series_is_not_taken_for_a_whole_one(study):
    source = FolderSource(study.folder, study.cache, listed=lambda uid: {study.request.ct_uid: COUNT}[uid])
    run_blocking(source.fetch(study.request))
    next(study.ct_folder.iterdir()).unlink()
    with pytest.raises(JobFailed, match=f"only {COUNT - 1} of {COUNT} files of the CT series"):
        run_blocking(source.fetch(study.request))


def test_a_ct_that_is_not_there(study, tmp_path):
    with pytest.raises(NotAvailable, match=r"no file of series 1\.2\.3 among the 6 files in"):
        study.fetch(SeriesRequest("", "1.2", "1.2.3"))
    assert not FolderSource(tmp_path / "nowhere", study.cache).find(study.request)
    with pytest.raises(InputError, match="no such folder"):
        index_folder(tmp_path / "nowhere", study.cache)


def test_only_new_and_changed_files_are_read_again(study, monkeypatch):
    read = []
    monkeypatch.setattr(folder_source, "read_header", lambda path: read.append(path.name) or read_header(path))
    first = index_folder(study.folder, study.cache)
    assert len(read) == COUNT + 1
    read.clear()
    assert index_folder(study.folder, study.cache) == first and read == []
    changed, removed, *_ = sorted(study.ct_folder.iterdir())
    changed.write_bytes(changed.read_bytes()[:200])
    removed.unlink()
    (study.folder / "new.txt").write_text("new")
    index = index_folder(study.folder, study.cache)
    assert sorted(read) == sorted([changed.name, "new.txt"])
    assert "series" not in index[changed.relative_to(study.folder).as_posix()]
    assert removed.relative_to(study.folder).as_posix() not in index


def test_a_damaged_index_is_made_again(study):
    first = index_folder(study.folder, study.cache)
    store, = (study.cache / "folders").iterdir()
    store.write_text('{"format": 1, "files"')
    assert index_folder(study.folder, study.cache) == first


def test_the_progress_tells_how_many_files_are_read(study):
    seen = []
    index_folder(study.folder, study.cache, lambda fraction, message: seen.append((fraction, message)))
    assert seen[0] == (0.0, f"Reading file 1 of {COUNT + 1}")


def test_links_to_folders_are_not_followed(study):
    if os.name == "nt":
        pytest.skip("links need a privilege")
    (study.folder / "loop").symlink_to(study.folder)
    assert len(index_folder(study.folder, study.cache)) == COUNT + 1


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: b"MZ" * 100, lambda content: content[:140],
                                    lambda content: content[:132] + b"\xff" * 400])
def test_files_that_are_no_dicom_have_no_header(tmp_path, study, damage):
    path = tmp_path / "file"
    path.write_bytes(damage(next(study.ct_folder.iterdir()).read_bytes()))
    assert read_header(path) is None
