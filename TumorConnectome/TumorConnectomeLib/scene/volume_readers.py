"""How the voxels of a CT series come into the scene: by Slicer's DICOM database, or by its image reader alone."""
from __future__ import annotations

from typing import Protocol

import numpy as np
import slicer
import vtk

from ..base.errors import InputError
from ..base.text import one_line
from ..imaging.lesions import lps_to_ras

#: Slicer's plugin for CT series
_PLUGIN = "DICOMScalarVolumePlugin"
#: options of vtkSlicerVolumesLogic: no label map, not centered, not one file alone, no window chosen by the voxels
_NO_OPTIONS = 0
#: the centers of the corner voxels may be so far from where the headers put them [mm]
_TOLERANCE_MM = 0.1


class VolumeReader(Protocol):
    """Reads a CT series into the scene."""

    def read(self, inspection: dict) -> tuple[object, list[str]]:
        """Read what `imaging.inspection.inspect` found.

        Returns
        -------
        volume : vtkMRMLScalarVolumeNode
            In HU, under no transform.
        findings : list of str
            What the user should know, one line each.

        Raises
        ------
        InputError
            The series can not be read. No node stays behind.
        """
        ...

    def unlisted_files(self, inspections: list[dict]) -> list[str]:
        """The files that must be listed in `database` before some series are read."""
        ...


class ArchetypeReader:
    """Slicer's image reader (ITK), with the files in the order of their positions."""

    database = None

    def unlisted_files(self, inspections: list[dict]) -> list[str]:
        """None: it reads files wherever they are."""
        return []

    def read(self, inspection: dict) -> tuple[object, list[str]]:
        """See `VolumeReader`."""
        files, names = inspection["files"], vtk.vtkStringArray()
        for file in files:
            names.InsertNextValue(file)
        # not slicer.util.loadVolume: it tries every kind of volume, and logs an error for each that does not fit
        volume = slicer.modules.volumes.logic().AddArchetypeScalarVolume(files[0], "CT", _NO_OPTIONS, names)
        if volume is None:
            raise InputError(f"Slicer's image reader refuses the {len(files)} files of the CT; its error log says why",
                             source=files[0], expected="a DICOM CT series")
        off = displacement_mm(volume, inspection)
        return volume, [f"The image reader places voxels up to {off:.1f} mm from where the headers say"] * (off > _TOLERANCE_MM)


class DicomDatabaseReader:
    """Slicer's DICOM module: the series is loaded from the database by its UID, as from Slicer's DICOM browser.

    Falls back on another reader, and says so, if that fails or if the volume is not where the headers say.

    Parameters
    ----------
    database : ctkDICOMDatabase
        ``slicer.dicomDatabase``; it lists the files already.
    fallback : VolumeReader
    """

    def __init__(self, database, fallback: VolumeReader):
        self.database, self._fallback = database, fallback

    def unlisted_files(self, inspections: list[dict]) -> list[str]:
        """The files of the series that the database does not list as a whole."""
        return [file for inspection in inspections
                if len(self.database.filesForSeries(inspection["series_uid"])) < len(inspection["files"])
                for file in inspection["files"]]

    def read(self, inspection: dict) -> tuple[object, list[str]]:
        """See `VolumeReader`."""
        nodes, reason = self._load(inspection["series_uid"])
        volumes = [node for node in nodes if node.IsA("vtkMRMLScalarVolumeNode")]
        if not reason and len(volumes) != 1:
            reason = f"it made {len(volumes)} volumes of the series"
        if not reason and volumes[0].GetParentTransformNode() is not None:
            reason = "it bends the volume to correct an irregular geometry"
        if not reason and not same_size(volumes[0], inspection["geometry"]):
            reason = "its volume has another number of voxels than the headers"
        if not reason and (off := displacement_mm(volumes[0], inspection)) > _TOLERANCE_MM:
            reason = f"its volume lies up to {off:.1f} mm from where the headers say"
        if not reason:
            return volumes[0], []
        remove_with_helpers(nodes)
        volume, findings = self._fallback.read(inspection)
        return volume, [f"Not loaded by Slicer's DICOM module: {reason}; read by the image reader alone", *findings]

    def _load(self, series_uid):
        """The nodes that Slicer's DICOM module made, and why that can not be all, "" if it can."""
        from DICOMLib import DICOMUtils

        before, reason = set(_node_ids()), ""
        try:
            if not self.database.isOpen:
                return [], "its database is closed"
            # it has an argument for messages, but never fills an empty list: what it made tells whether it worked
            DICOMUtils.loadSeriesByUID([series_uid], None, None, [_PLUGIN])
        except Exception as error:                      # plugins are replaceable, and raise nearly anything
            reason = one_line(error) or type(error).__name__
        finally:
            _release_plugin()
        added = [slicer.mrmlScene.GetNodeByID(node_id) for node_id in _node_ids() if node_id not in before]
        return [node for node in added if node is not None and node.IsA("vtkMRMLTransformableNode")], reason


def choose_reader(synthetic: bool) -> VolumeReader:
    """Slicer's DICOM module where it can be used now; made-up series stay out of the user's database."""
    plain, database = ArchetypeReader(), getattr(slicer, "dicomDatabase", None)
    usable = database is not None and database.isOpen and _PLUGIN in getattr(slicer.modules, "dicomPlugins", {})
    return DicomDatabaseReader(database, plain) if usable and not synthetic else plain


def same_size(volume, geometry: dict) -> bool:
    """Whether a volume has the rows, columns and slices that the headers say."""
    return tuple(volume.GetImageData().GetDimensions()) == (geometry["columns"], geometry["rows"], geometry["slices"])


def displacement_mm(volume, inspection: dict) -> float:
    """How far the corner voxels of a volume are from where the headers put them, whatever the order of the slices.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
    inspection : dict
        See `imaging.inspection.inspect`.
    """
    geometry, placement = inspection["geometry"], inspection["placement"]
    first, last = (np.array(placement[name], float) for name in ("first_lps", "last_lps"))
    row, column = np.array(placement["axes_lps"], float)[:2]
    across = row * geometry["pixel_spacing_mm"][1] * (geometry["columns"] - 1)
    down = column * geometry["pixel_spacing_mm"][0] * (geometry["rows"] - 1)
    expected = lps_to_ras(np.array([start + a * across + d * down for start in (first, last) for a in (0, 1) for d in (0, 1)]))
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    to_ras = slicer.util.arrayFromVTKMatrix(matrix)
    size = np.array(volume.GetImageData().GetDimensions()) - 1
    found = np.array([(to_ras @ np.append(size * corner, 1))[:3] for corner in np.ndindex(2, 2, 2)])
    return float(np.linalg.norm(expected[:, None] - found, axis=2).min(axis=1).max())


def remove_with_helpers(nodes) -> None:
    """Remove nodes from the scene with their display and storage nodes, and the folders that are empty without them."""
    helpers, folders = [], []
    for node in nodes:
        folders += _leave_hierarchy(node)
        if node.IsA("vtkMRMLDisplayableNode"):
            helpers += [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
        if node.IsA("vtkMRMLStorableNode"):
            helpers += [node.GetNthStorageNode(n) for n in range(node.GetNumberOfStorageNodes())]
    for node in [*nodes, *filter(None, helpers)]:
        if slicer.mrmlScene.IsNodePresent(node):
            slicer.mrmlScene.RemoveNode(node)
    hierarchy = _hierarchy()
    for folder in dict.fromkeys(folders):               # the study before its patient
        if not hierarchy.GetNumberOfItemChildren(folder):
            hierarchy.RemoveItem(folder)


def _hierarchy():
    """The subject hierarchy, in which Slicer's DICOM module makes an item for each patient and study; None without one."""
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")


def _leave_hierarchy(node):
    """Remove the item of a node from the subject hierarchy; returns the IDs of the items above it, the nearest first."""
    hierarchy, found = _hierarchy(), []
    own = item = hierarchy.GetItemByDataNode(node) if hierarchy is not None else 0
    while item and (item := hierarchy.GetItemParent(item)) and item != hierarchy.GetSceneItemID():
        found.append(item)
    if own:
        hierarchy.RemoveItem(own, False, False)
    return found


def _node_ids():
    return [node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLTransformableNode")]


def _release_plugin():
    """Slicer's plugin keeps its last reader, and so the voxels, for ever."""
    for holder in (slicer.modules, getattr(slicer.modules, "DICOMInstance", None)):
        for name in ("reader", "imageChangeInformation"):
            if getattr(holder, name, None) is not None:
                setattr(holder, name, None)
