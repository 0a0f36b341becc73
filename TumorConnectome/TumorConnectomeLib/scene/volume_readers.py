"""How the voxels of a CT series come into the scene: by Slicer's DICOM database, or by its image reader alone."""
from __future__ import annotations

import pathlib
import tempfile
from typing import Protocol

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import get_vtk_array_type, numpy_to_vtk, vtk_to_numpy

from ..base.errors import InputError
from ..base.text import one_line
from ..imaging.lesions import lps_to_ras
from ..imaging.pixel_form import PixelForm, stored_of, to_hu
from ..imaging.slice_pixels import as_monochrome2
from ..imaging.stack_planes import TOLERANCE_MM, StackPlanes, plan_planes
from ..imaging.stack_voxels import build, narrowed, read_slice

#: Slicer's plugin for CT series
_PLUGIN = "DICOMScalarVolumePlugin"
#: options of vtkSlicerVolumesLogic: no label map, not centered, not one file alone, no window chosen by the voxels
_NO_OPTIONS = 0


class VolumeReader(Protocol):
    """Reads a CT series into the scene."""

    def read(self, inspection: dict) -> tuple[object, list[str]]:
        """Read what `imaging.inspection.inspect` found.

        Returns
        -------
        volume : vtkMRMLScalarVolumeNode
            In HU (int16 when they are whole and fit), under no transform; every slice within half a voxel of its header.
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
    """Reads the files: uncompressed pixels by itself, which takes half the time, others by Slicer's image reader (ITK)."""

    database = None

    def unlisted_files(self, inspections: list[dict]) -> list[str]:
        """None: it reads files wherever they are."""
        return []

    def read(self, inspection: dict) -> tuple[object, list[str]]:
        """See `VolumeReader`."""
        planes = planes_of(inspection)
        image = _image_of_files(inspection, planes)
        volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
        _put(volume, image, planes)
        return volume, list(planes.findings)


def planes_of(inspection: dict) -> StackPlanes:
    """Where the planes of the volume of an inspected series lie."""
    geometry, stack = inspection["geometry"], inspection["stack"]
    usable = [not form.problem for form in _forms(inspection)]
    return plan_planes(stack["positions_lps"], inspection["placement"]["axes_lps"], geometry["pixel_spacing_mm"],
                       geometry["rows"], geometry["columns"], geometry["slice_step_mm"], usable)


def _forms(inspection):
    return [PixelForm.from_record(record) for record in inspection["stack"]["pixels"]]


def _image_of_files(inspection, planes):
    """vtkImageData of the series' files, each read once."""
    files, forms, geometry = inspection["files"], _forms(inspection), inspection["geometry"]
    rows, columns = geometry["rows"], geometry["columns"]
    compressed = [index for index, form in enumerate(forms) if form.offset is None and not form.problem]
    with tempfile.TemporaryDirectory() as folder:
        readable = [str(as_monochrome2(files[index], pathlib.Path(folder) / f"{index:06d}.dcm")) if forms[index].inverted
                    else files[index] for index in compressed]
        decoded = dict(zip(compressed, _decoded(readable)))

    def slice_hu(index):
        if index not in decoded:
            return read_slice(files[index], forms[index], rows, columns)
        hu = decoded[index]
        return to_hu(forms[index], stored_of(forms[index], hu)) if forms[index].is_whole else hu.astype(np.float32)

    return _built(planes, slice_hu, all(form.is_whole for form in forms))


def _built(planes, slice_hu, whole):
    """vtkImageData of a volume, filled in place: see `stack_voxels.build`."""
    image = vtk.vtkImageData()

    def allocate(shape, dtype):
        image.SetDimensions(shape[::-1])
        image.AllocateScalars(get_vtk_array_type(dtype), 1)
        return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(shape)

    voxels = build(planes, slice_hu, allocate, whole)
    if (narrow := narrowed(voxels)).dtype != voxels.dtype:
        _replace_scalars(image, narrow)
    return image


def _put(volume, image, planes):
    """Give a volume node its voxels and their place."""
    volume.SetAndObserveImageData(image)
    to_ras = planes.ijk_to_lps.copy()
    to_ras[:3] = lps_to_ras(to_ras[:3].T).T
    matrix = vtk.vtkMatrix4x4()
    slicer.util.updateVTKMatrixFromArray(matrix, to_ras)
    volume.SetIJKToRASMatrix(matrix)


def _decoded(files):
    """HU of compressed slices in the order of their files, by Slicer's image reader: shape (S, rows, columns)."""
    if not files:
        return np.zeros((0, 0, 0))
    names = vtk.vtkStringArray()
    for file in files:
        names.InsertNextValue(file)
    # not slicer.util.loadVolume: it tries every kind of volume, and logs an error for each that does not fit
    volume = slicer.modules.volumes.logic().AddArchetypeScalarVolume(files[0], "CT", _NO_OPTIONS, names)
    if volume is None:
        raise InputError(f"Slicer's image reader refuses {len(files)} files of the CT; its error log says why",
                         source=files[0], expected="a DICOM CT series")
    voxels = slicer.util.arrayFromVolume(volume).copy()
    remove_with_helpers([volume])
    if voxels.ndim != 3 or len(voxels) != len(files):
        raise InputError(f"the image reader made voxels of shape {voxels.shape} of {len(files)} slices", source=files[0],
                         expected="a DICOM CT series")
    return voxels


class DicomDatabaseReader:
    """Slicer's DICOM module: the series is loaded from the database by its UID, as from Slicer's DICOM browser.

    What its plugin made is kept where it is right and corrected where not: a grid transform above an irregular series gives
    way to planes that are where the headers say; these, and pixels that it shows otherwise than they are meant, are read again
    from the files into its node. Falls back on another reader, and says so, when it made something else.

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
        if not reason:
            planes = planes_of(inspection)
            transform = volumes[0].GetParentTransformNode()
            volumes[0].SetAndObserveTransformNodeID(None)
            try:
                reason = _corrected(volumes[0], inspection, planes)
            except InputError:
                remove_with_helpers(nodes)
                raise
        if not reason:
            remove_with_helpers([node for node in [*nodes, transform] if node is not None and node is not volumes[0]])
            return volumes[0], list(planes.findings)
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


def _corrected(volume, inspection, planes):
    """Make a volume of Slicer's plugin show every slice where it is; returns why that can not be done, "" when it is.

    The plugin makes one plane a slice, from the first to the last by position, or the other way round when that is
    right-handed; its step is that of the ends, or of a grid transform above.
    """
    geometry, forms = inspection["geometry"], _forms(inspection)
    size = (geometry["columns"], geometry["rows"], geometry["slices"])
    if volume.GetImageData() is None or tuple(volume.GetImageData().GetDimensions()) != size:
        return "its volume has another number of voxels than the headers"
    off = displacement_mm(volume, inspection, ends=True)
    if off > TOLERANCE_MM:
        return f"its volume lies up to {off:.1f} mm from where the headers say"
    odd_pixels = any(form.problem or form.inverted or form.pads_above_air for form in forms)
    if odd_pixels or not planes.is_plain or displacement_mm(volume, inspection) > TOLERANCE_MM:
        # its voxels may be resampled already (regularization transform hardened), which nothing tells: the files are sure
        _put(volume, _image_of_files(inspection, planes), planes)
    elif (voxels := narrowed(read := slicer.util.arrayFromVolume(volume))).dtype != read.dtype:
        _replace_scalars(volume.GetImageData(), voxels)
    return ""


def _replace_scalars(image, voxels):
    """Give image data other voxels of the same number; the old ones are freed."""
    scalars = numpy_to_vtk(voxels.ravel(), deep=True)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    image.Modified()


def displacement_mm(volume, inspection: dict, ends: bool = False) -> float:
    """How far voxels of a volume are from where the headers put them: every slice is compared, by its corners.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
        With one plane a slice, in either order, or on the planes of `planes_of`.
    inspection : dict
        See `imaging.inspection.inspect`.
    ends : bool
        Compare the first and last slice only: between them a volume of one step can not follow an irregular series.
    """
    geometry, planes = inspection["geometry"], planes_of(inspection)
    row, column = np.array(inspection["placement"]["axes_lps"], float)[:2]
    across = row * geometry["pixel_spacing_mm"][1] * (geometry["columns"] - 1)
    down = column * geometry["pixel_spacing_mm"][0] * (geometry["rows"] - 1)
    positions = np.array(inspection["stack"]["positions_lps"], float)
    expected = lps_to_ras(np.stack([positions + a * across + d * down for d in (0, 1) for a in (0, 1)], axis=1))
    if volume.GetImageData().GetDimensions()[2] == len(positions) and not planes.shifts.any():
        forward = np.arange(len(positions))
        orders, shifts = (forward, forward[::-1]), np.zeros((len(positions), 2), int)
    else:
        orders, shifts = (planes.plane_of(),), planes.shifts
    used = np.array([0, -1]) if ends else np.flatnonzero(orders[0] >= 0)
    size = (geometry["columns"], geometry["rows"])
    return min(float(np.linalg.norm(expected[used] - _corners(volume, order[used], shifts[used], size), axis=2).max())
               for order in orders)


def _corners(volume, planes, shifts=None, size=None):
    """Centers of the corner voxels of a slice on some planes of a volume: float64, shape (P, 4, 3) [mm, RAS]."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    to_ras = slicer.util.arrayFromVTKMatrix(matrix)
    columns, rows = size or volume.GetImageData().GetDimensions()[:2]
    shifts = np.zeros((len(planes), 2)) if shifts is None else shifts
    corners = np.array([[[column + a * (columns - 1), row + d * (rows - 1), plane, 1] for d in (0, 1) for a in (0, 1)]
                        for plane, (column, row) in zip(planes, shifts)], float)
    return (corners @ to_ras.T)[..., :3]


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
