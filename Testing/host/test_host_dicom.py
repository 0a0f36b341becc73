"""The host's DICOM module: closed as in a fresh profile, opened, closed again, and what is listed in it."""
import os
import pathlib
import subprocess
import sys

import pytest
from dicom_factory import make_ct
from pydicom.uid import generate_uid

TESTING = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def database(host, tmp_path):
    """A database in its fresh state, and the signals that it emits."""
    from slicerhost import dicom_module

    made, heard = dicom_module.make_module(str(tmp_path / "missing"))["slicer", "dicomDatabase"], []
    for name in ("opened", "closed"):
        made.connect(f"{name}()", lambda name=name: heard.append(name))
    yield made, heard
    made.closeDatabase()


def test_a_fresh_profile_has_a_closed_database_whose_folder_is_missing(database):
    made, heard = database
    assert not made.isOpen and not os.path.exists(made.databaseDirectory) and heard == []
    assert made.filesForSeries("1.2") == () and made.patients() == () and made.studyForSeries("1.2") == ""


def test_one_object_is_opened_on_one_file_after_another(database, tmp_path):
    made, heard = database
    assert made.openDatabase(str(tmp_path / "ctkDICOM.sql")) and made.isOpen and made.databaseDirectory == str(tmp_path)
    made.closeDatabase()
    made.closeDatabase()
    assert heard == ["opened", "closed"]
    assert not made.openDatabase(str(tmp_path / "no" / "folder" / "ctkDICOM.sql")) and not made.isOpen
    assert made.databaseDirectory == str(tmp_path / "no" / "folder") and made.lastError
    assert heard == ["opened", "closed"]


def test_the_indexer_lists_files_and_leaves_them_where_they_are(database, host, tmp_path):
    import ctk

    made, _heard = database
    made.openDatabase(str(tmp_path / "ctkDICOM.sql"))
    uid, done = generate_uid(), []
    files = [image.filename for image in make_ct(tmp_path / "ct", 20, series_uid=uid, patient_id="P")]
    indexer = ctk.ctkDICOMIndexer()
    indexer.setDatabase(made)
    indexer.backgroundImportEnabled = True
    indexer.connect("indexingComplete(int,int,int,int)", lambda *counts: done.append(counts))
    indexer.addListOfFiles([*files, __file__])
    assert not done, "it works in the background"
    while not done:
        host.processEvents()
    assert done[0][3] == 20 and made.filesForSeries(uid) == tuple(sorted(map(str, files)))
    assert len(made.filesForSeries(uid, 1)) == 1 and made.fieldForSeries("Modality", uid) == "CT"
    assert made.seriesForStudy(made.studyForSeries(uid)) == (uid,) and made.patients() == ("P",)


def test_scripts_for_slicer_are_no_part_of_the_package_slicer():
    """slicer-core imports what lies in folders named slicer below sys.path, and Testing has one."""
    code = ("import sys; from slicerhost import app; import slicer; "
            "print([name for name in sys.modules if name.endswith(('run_in_slicer', 'probe_semantics'))])")
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                             env={**os.environ, "PYTHONPATH": str(TESTING)})
    assert process.returncode == 0, process.stderr
    assert process.stdout == "[]\n"
