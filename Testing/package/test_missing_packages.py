"""Each Python package that Slicer may lack: the panel says what is missing, a button installs it, the rest works."""
import csv
import os
import re

import numpy as np
import pickle_factory
import pytest
from cohort_factory import vector
from slicer_package import ROOT, SOURCE, run_python

HERE = ROOT / "Testing/package"
RESOURCES = SOURCE / "Resources"


@pytest.fixture
def idc_cohort(tmp_path):
    """Folder of a cohort whose first patient is in the shipped list of IDC's series, the second in IDC's index at most."""
    with open(RESOURCES / "IDC/nlst-sybil-manifest.csv", encoding="utf-8") as stream:
        first = next(csv.DictReader(line for line in stream if not line.startswith("#")))
    uids = {first["patient_id"]: (first["study_uid"], first["ct_uid"], first["sr_uid"]),
            **{str(900000 + number): (f"1.2.{number}", f"1.3.{number}", f"1.4.{number}") for number in range(1, 12)}}
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [pickle_factory.row(patient, ct) for patient, (_, ct, _) in uids.items()]
    features = np.stack([vector(patient) for patient in uids])
    (folder / "CTFM_features.pkl").write_bytes(pickle_factory.published(features, rows))
    with open(folder / "patients.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["PatientID", "sex", "StudyInstanceUID", "SR_SeriesInstanceUID"])
        writer.writerows([patient, "F", study, sr] for patient, (study, _, sr) in uids.items())
    return folder


def test_module_without_one_package_after_the_other(idc_cohort, tmp_path):
    code = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    environment = {"ABSENT_PACKAGES": "pandas", "TUMORCONNECTOME_CACHE": str(tmp_path / "cache"),
                   "PATH": os.defpath}                  # an s5cmd beside this Python would be found otherwise
    result = run_python(code, HERE / "missing_packages_run.py", idc_cohort, environment=environment,
                        more_paths=[HERE / "absent"])
    assert result.returncode == 0, result.stderr[-3000:]


def test_the_stand_in_hides_a_package_from_import_and_from_its_metadata():
    code = """
import importlib.metadata, importlib.util, os
assert importlib.util.find_spec("sklearn") is None
try:
    importlib.metadata.version("scikit-learn")
except importlib.metadata.PackageNotFoundError:
    os.environ["ABSENT_PACKAGES"] = ""
    import sklearn
    print(importlib.metadata.version("scikit-learn") == sklearn.__version__)
"""
    result = run_python(code, environment={"ABSENT_PACKAGES": "scikit-learn"}, more_paths=[HERE / "absent"])
    assert result.stdout.strip() == "True", result.stderr


def listed_requirements():
    return {path.name: path.read_text(encoding="utf-8").splitlines() for path in RESOURCES.glob("requirements*.txt")}


def test_requirements_name_a_lowest_version_and_pin_nothing():
    for name, lines in listed_requirements().items():
        for line in lines:
            assert line.startswith("#") or re.fullmatch(r"[a-z0-9-]+>=\d+(\.\d+)*", line), f"{name}: {line}"


def test_every_package_that_is_imported_can_be_installed_by_the_button(host):
    """What no layer imports at file scope, and Slicer does not always have, stands in a requirements file."""
    from test_architecture import AT_FILE_SCOPE, all_imports

    from TumorConnectomeLib.base.errors import PackageMissing
    from TumorConnectomeLib.panel.packages import requirement_of

    imported = {found.name.partition(".")[0] for imports in all_imports().values() for found in imports} - AT_FILE_SCOPE
    assert {"pandas", "pydicom", "highdicom", "duckdb"} <= imported
    slicers_own, command_line_only = {"DICOMLib", "SampleData", "SimpleITK", "packaging"}, {"distributed"}
    for module in sorted(imported - slicers_own - command_line_only):
        requirement_of(PackageMissing.of(ModuleNotFoundError(name=module)).package)
