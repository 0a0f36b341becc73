"""How a CT comes into the scene: by Slicer's DICOM module, with the image reader behind it; geometry checked."""
import sys
import types

import numpy as np
import pytest
from dicom_factory import make_ct, make_sr, random_orientation, rectangle
from vtk_log import vtk_log

from TumorConnectomeLib.imaging.inspection import inspect


@pytest.fixture
def scene(host):
    import slicer

    slicer.mrmlScene.Clear()
    yield slicer.mrmlScene
    slicer.mrmlScene.Clear()


class FakeDatabase:
    """The parts of ctkDICOMDatabase that are used."""

    def __init__(self, files=(), isOpen=True):
        self.isOpen, self._files = isOpen, list(files)

    def filesForSeries(self, seriesUID, hits=-1):
        return tuple(self._files)


@pytest.fixture
def dicom_module(monkeypatch, scene):
    """Slicer's DICOM module as a fake: DICOMUtils.loadSeriesByUID with its signature; `load` is what the plugin does."""
    import slicer

    fake = types.SimpleNamespace(calls=[], load=None)

    def loadSeriesByUID(seriesUIDs, messages=None, progressCallback=None, enabledPluginClassNames=None):
        if not isinstance(seriesUIDs, list):
            raise ValueError("SeriesUIDs must contain a list")
        if not slicer.dicomDatabase.isOpen:
            raise OSError("DICOM module or database cannot be accessed")
        fake.calls.append((seriesUIDs, enabledPluginClassNames))
        return fake.load()                              # as in Slicer, an empty list of messages stays empty

    library = types.ModuleType("DICOMLib")
    library.DICOMUtils = types.SimpleNamespace(loadSeriesByUID=loadSeriesByUID)
    monkeypatch.setitem(sys.modules, "DICOMLib", library)
    monkeypatch.setattr(slicer, "dicomDatabase", FakeDatabase(), raising=False)
    monkeypatch.setattr(slicer.modules, "dicomPlugins", {"DICOMScalarVolumePlugin": object}, raising=False)
    return fake


def plugin_volume(inspection, files=None):
    """What the plugin makes: a volume named by the series, here read by the same image reader."""
    import slicer

    files = files or inspection["files"]
    return slicer.util.loadVolume(files[0], properties={
        "name": "2: Chest", "fileNames": files, "singleFile": False, "show": False})


@pytest.fixture
def study(tmp_path):
    slices = make_ct(tmp_path / "ct", 6, orientation=random_orientation(np.random.default_rng(4)))
    make_sr(tmp_path / "sr.dcm", slices, [(1, rectangle(5, 5, 9, 9)), (2, rectangle(5, 5, 9, 9))])
    return inspect(tmp_path / "ct", tmp_path / "sr.dcm")


def volumes():
    import slicer

    return slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")


def test_slicers_dicom_module_loads_the_series_by_its_uid(dicom_module, study):
    import slicer

    from TumorConnectomeLib.scene.patient_nodes import load_patient
    from TumorConnectomeLib.scene.volume_readers import choose_reader

    kept = object()
    slicer.modules.reader = kept                        # as Slicer's plugin leaves its last reader behind
    dicom_module.load = lambda: [plugin_volume(study).GetID()]
    nodes = load_patient("P1", study, choose_reader(synthetic=False))
    assert dicom_module.calls == [([study["series_uid"]], ["DICOMScalarVolumePlugin"])]
    assert volumes() == [nodes.volume] and nodes.volume.GetName() == "P1: CT" and nodes.findings == ()
    assert nodes.volume.GetParentTransformNode() is nodes.transform and len(nodes.lesions) == 1
    assert slicer.modules.reader is None


def test_unloading_leaves_no_empty_patient_in_the_subject_hierarchy(scene, study):
    """Slicer's DICOM module puts the volume below an item for the study and one for the patient."""
    import slicer

    from TumorConnectomeLib.scene.patient_nodes import load_patient, unload_patient
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    top = hierarchy.GetSceneItemID()
    other = hierarchy.CreateSubjectItem(top, "somebody else")
    before = hierarchy.GetNumberOfItems()
    nodes = load_patient("P1", study, ArchetypeReader())
    place = hierarchy.CreateStudyItem(hierarchy.CreateSubjectItem(top, "P1"), "CT of the chest")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(nodes.volume) or hierarchy.CreateItem(place, nodes.volume), place)
    assert hierarchy.GetNumberOfItems() > before
    unload_patient(nodes)
    assert hierarchy.GetNumberOfItems() == before and hierarchy.GetItemName(other) == "somebody else"


def reversed_slices(inspection):
    """A volume with its slices the other way round, as the plugin makes of left-handed ones."""
    import slicer
    import vtk

    volume = plugin_volume(inspection)
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    slicer.vtkMRMLVolumeNode.ReverseSliceOrder(volume.GetImageData(), matrix)
    volume.SetIJKToRASMatrix(matrix)
    return volume


def test_the_order_of_the_slices_does_not_matter(dicom_module, study):
    from TumorConnectomeLib.scene.volume_readers import choose_reader

    dicom_module.load = lambda: [reversed_slices(study).GetID()]
    volume, findings = choose_reader(synthetic=False).read(study)
    assert findings == [] and volume.GetName() == "2: Chest"


def shifted(inspection):
    volume = plugin_volume(inspection)
    volume.SetOrigin(*(np.array(volume.GetOrigin()) + [3, 0, 0]))
    return volume


BAD = {
    "shifted": (lambda study: shifted(study), "3.0 mm from where the headers say"),
    "a slice lacks": (lambda study: plugin_volume(study, study["files"][:-1]), "another number of voxels"),
    "nothing": (lambda study: None, "0 volumes"),
    "two volumes": (lambda study: (plugin_volume(study), plugin_volume(study)), "2 volumes"),
    "crash": (lambda study: 1 / 0, "division by zero"),
}


@pytest.mark.parametrize("load, reason", BAD.values(), ids=BAD)
def test_what_slicers_dicom_module_gets_wrong_is_read_by_the_image_reader_and_said(dicom_module, study, load, reason):
    from TumorConnectomeLib.scene.volume_readers import choose_reader, displacement_mm

    dicom_module.load = lambda: load(study) and []
    volume, findings = choose_reader(synthetic=False).read(study)
    assert len(findings) == 1 and reason in findings[0] and "Slicer's DICOM module" in findings[0]
    assert volumes() == [volume] and displacement_mm(volume, study) < 0.01


def test_a_closed_or_missing_database_means_the_image_reader(dicom_module, study, monkeypatch):
    import slicer

    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader, DicomDatabaseReader, choose_reader

    assert isinstance(choose_reader(synthetic=False), DicomDatabaseReader)
    assert isinstance(choose_reader(synthetic=True), ArchetypeReader)       # made-up series stay out of the database
    reader = choose_reader(synthetic=False)
    slicer.dicomDatabase.isOpen = False
    assert isinstance(choose_reader(synthetic=False), ArchetypeReader)
    assert "database is closed" in reader.read(study)[1][0]                 # closed in the meantime
    monkeypatch.delattr(slicer, "dicomDatabase")
    assert isinstance(choose_reader(synthetic=False), ArchetypeReader)


@pytest.mark.parametrize("seed", range(4))
def test_the_image_reader_is_where_the_headers_say(scene, tmp_path, seed):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader, displacement_mm

    rng = np.random.default_rng(seed)
    make_ct(tmp_path / "ct", 5, orientation=random_orientation(rng), origin=rng.uniform(-200, 200, 3))
    study = inspect(tmp_path / "ct")
    volume, findings = ArchetypeReader().read(study)
    assert findings == [] and displacement_mm(volume, study) < 0.01
    volume.SetOrigin(*(np.array(volume.GetOrigin()) + [0, 2, 0]))
    assert displacement_mm(volume, study) == pytest.approx(2, abs=0.01)


def test_only_series_that_are_not_listed_as_a_whole_are_imported(host):
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader, DicomDatabaseReader

    database = FakeDatabase()
    database.filesForSeries = lambda uid, hits=-1: {"1.1": ("a", "b"), "1.2": ("c",)}.get(uid, ())
    inspections = [{"series_uid": "1.1", "files": ["a", "b"]}, {"series_uid": "1.2", "files": ["c", "d"]},
                   {"series_uid": "1.3", "files": ["e"]}]
    assert DicomDatabaseReader(database, ArchetypeReader()).unlisted_files(inspections) == ["c", "d", "e"]
    assert ArchetypeReader().unlisted_files(inspections) == []


def test_reading_a_ct_logs_no_error(scene, study):
    """slicer.util.loadVolume takes it for a tensor volume first, and says so in the error log."""
    import slicer

    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    with vtk_log() as texts:
        plugin_volume(study)
    assert any("There is more than one file" in text for text in texts)
    with vtk_log() as texts:
        volume, findings = ArchetypeReader().read(study)
    assert texts == [] and findings == [] and len(slicer.util.arrayFromVolume(volume)) == len(study["files"])


def test_a_ct_that_can_not_be_read_is_one_line_without_its_file_names(scene, study, tmp_path):
    from TumorConnectomeLib.base.errors import InputError
    from TumorConnectomeLib.scene.volume_readers import ArchetypeReader

    broken = [tmp_path / f"a_slice_with_a_long_name_{number:04}.dcm" for number in range(len(study["files"]))]
    for path in broken:
        path.write_bytes(b"no image")
    with vtk_log(), pytest.raises(InputError) as caught:
        ArchetypeReader().read({**study, "files": [str(path) for path in broken]})
    text = str(caught.value)
    assert text.count("a_slice_with_a_long_name") == 1 and len(text) < 600 and "\n" not in text
    assert volumes() == []


def test_the_dicom_database_of_the_host_lists_and_loads_a_series(scene, study, tmp_path, monkeypatch):
    """The files are listed; the series stands where the headers say, and no error is logged."""
    import ctk
    import slicer

    from slicerhost.dicom_module import make_module
    from TumorConnectomeLib.scene.volume_readers import DicomDatabaseReader, choose_reader

    for (place, name), value in make_module(tmp_path / "missing").items():
        if place == "sys.modules":
            monkeypatch.setitem(sys.modules, name, value)
        else:
            monkeypatch.setattr(sys.modules[place], name, value, raising=False)
    assert not isinstance(choose_reader(synthetic=False), DicomDatabaseReader), "the database is closed"
    slicer.dicomDatabase.openDatabase(str(tmp_path / "ctkDICOM.sql"))
    reader, indexer = choose_reader(synthetic=False), ctk.ctkDICOMIndexer()
    files = reader.unlisted_files([study])
    indexer.setDatabase(slicer.dicomDatabase)
    indexer.addListOfFiles(files)
    assert reader.unlisted_files([study]) == [] and sorted(files) == sorted(study["files"])
    with vtk_log() as texts:
        volume, findings = reader.read(study)
    assert (texts, findings, volumes()) == ([], [], [volume])
    slicer.dicomDatabase.closeDatabase()


def grid_above(volume):
    """A grid transform above a volume, as Slicer's plugin leaves it."""
    import slicer

    grid = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", "acquisition transform")
    volume.SetAndObserveTransformNodeID(grid.GetID())
    return volume


@pytest.mark.parametrize("turned", [False, True], ids=["ascending", "right-handed by turning"])
@pytest.mark.parametrize("grid", [False, True], ids=["stretched", "under a grid transform"])
def test_what_slicers_plugin_made_of_an_irregular_series_is_put_right(dicom_module, tmp_path, grid, turned):
    """With or without its own regularization: each slice within half a voxel, the plugin's node and attributes stay."""
    import slicer
    from marked_series import HEIGHTS, largest_error, marked_ct

    from TumorConnectomeLib.scene.volume_readers import choose_reader

    _, places = marked_ct(tmp_path / "ct", HEIGHTS["1.3, then 3.1 mm"])
    study = inspect(tmp_path / "ct")
    made = []

    def load():
        volume = (reversed_slices if turned else stretched)(study)
        uids = study["stack"]["sop_uids"]
        volume.SetAttribute("DICOM.instanceUIDs", " ".join(reversed(uids) if turned else uids))
        made.append(grid_above(volume) if grid else volume)

    dicom_module.load = load
    volume, findings = choose_reader(synthetic=False).read(study)
    assert volume is made[0] and volumes() == made and volume.GetParentTransformNode() is None
    assert largest_error(volume, places) <= 0.65 + 1e-6
    assert not slicer.util.getNodesByClass("vtkMRMLGridTransformNode")
    assert any("planes 1.300 mm apart" in line for line in findings)


def stretched(inspection):
    """What Slicer's plugin makes of an irregular series: one plane a slice, the step stretched from end to end."""
    return plugin_volume(inspection)


def test_voxels_that_slicer_resampled_itself_are_read_again(dicom_module, tmp_path):
    """With a hardened regularization transform the volume has as many planes as before, but other voxels."""
    import slicer
    from marked_series import HEIGHTS, largest_error, marked_ct

    from TumorConnectomeLib.scene.volume_readers import choose_reader

    _, places = marked_ct(tmp_path / "ct", HEIGHTS["slice lost"])
    study = inspect(tmp_path / "ct")

    def load():
        volume = stretched(study)
        voxels = slicer.util.arrayFromVolume(volume)
        slicer.util.updateVolumeFromArray(volume, (voxels // 2 + np.roll(voxels, 1, axis=0) // 2).astype(np.int16))

    dicom_module.load = load
    volume, _ = choose_reader(synthetic=False).read(study)
    assert largest_error(volume, places) < 0.01


def test_int32_of_slicers_plugin_becomes_int16(dicom_module, study):
    import slicer

    from TumorConnectomeLib.scene.volume_readers import choose_reader

    def load():
        volume = plugin_volume(study)
        slicer.util.updateVolumeFromArray(volume, slicer.util.arrayFromVolume(volume).astype(np.int32))

    dicom_module.load = load
    volume, findings = choose_reader(synthetic=False).read(study)
    assert findings == [] and slicer.util.arrayFromVolume(volume).dtype == np.int16
