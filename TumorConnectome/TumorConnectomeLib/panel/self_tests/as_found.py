"""What the self-test found in the application, and puts back: scene, layout, module, settings, window, DICOM database."""
from __future__ import annotations

import pathlib
import re

import qt
import slicer
import vtk

from ..database_listing import dicom_database


def can_write_transforms(folder) -> bool:
    """Whether this application writes transforms as scenes have them (HDF5): some builds have no HDF5.

    Parameters
    ----------
    folder : path
        For a file to try.
    """
    path, node, storage = pathlib.Path(folder) / "probe.h5", slicer.vtkMRMLLinearTransformNode(), \
        slicer.vtkMRMLTransformStorageNode()
    storage.SetFileName(str(path))
    warnings = vtk.vtkObject.GetGlobalWarningDisplay()
    vtk.vtkObject.GlobalWarningDisplayOff()             # a failure is an answer here, not an error for the user
    try:
        return bool(storage.WriteData(node)) and path.is_file() and path.stat().st_size > 0
    finally:
        vtk.vtkObject.SetGlobalWarningDisplay(warnings)
        path.unlink(missing_ok=True)


class NotRestorable(Exception):
    """The scene that is open could not be put back: the self-test must not begin."""


class AsFound:
    """Remembers the state of the application, and puts it back.

    Parameters
    ----------
    folder : path
        For the scene that is open; `restore` says when it is needed no more.

    Raises
    ------
    NotRestorable
        There is something in the scene that a user could lose, and it can not be saved.
    """

    def __init__(self, folder):
        self._scene_file = pathlib.Path(folder) / "found.mrb"
        self._window = slicer.util.mainWindow()
        self._before, self._settings = self._state(), _settings()
        self._place = slicer.mrmlScene.GetURL() or "", slicer.mrmlScene.GetRootDirectory() or ""
        self._files = {node.GetID(): node.GetFileName() for node in slicer.util.getNodesByClass("vtkMRMLStorageNode")}
        self._unsaved = [node.GetID() for node in _storable() if node.GetModifiedSinceRead()]
        self._found = bool(_storable()) or bool(slicer.util.getNodesByClass("vtkMRMLScriptedModuleNode"))
        if self._found and not self._save() and _storable():
            reason = "it has transforms, which this application can not write" if slicer.util.getNodesByClass(
                "vtkMRMLTransformNode") and not can_write_transforms(folder) else "saving failed"
            raise NotRestorable(f"the open scene can not be kept ({reason}): close it first")

    def restore(self) -> list[str]:
        """Put everything back; returns one line for each thing that is not as it was."""
        slicer.mrmlScene.Clear()
        if self._found and self._scene_file.is_file():
            slicer.util.loadScene(str(self._scene_file))
            self._restoreFiles()
        slicer.mrmlScene.SetURL(self._place[0])
        slicer.mrmlScene.SetRootDirectory(self._place[1])
        slicer.app.layoutManager().setLayout(self._before["layout"])
        if self._before["module"] and slicer.util.selectedModule() != self._before["module"]:
            slicer.util.selectModule(self._before["module"])
        slicer.app.processEvents()
        slicer.app.layoutManager().setLayout(self._before["layout"])    # a module chooses one when it is entered
        give_size(self._window, self._before["window"])
        self._restoreSettings()
        after = self._state()
        if not self._before["module"]:
            after["module"] = ""                        # Slicer had just started, and no module can not be chosen again
        return [_difference(name, value, after[name]) for name, value in self._before.items() if after[name] != value]

    def _save(self):
        try:
            return bool(slicer.util.saveScene(str(self._scene_file))) and self._scene_file.is_file()
        except RuntimeError:                            # as slicer.util reports a failure of the application
            return False

    def _restoreFiles(self):
        """The nodes belong to the user's files again, and what was not saved still is not."""
        for node_id, path in self._files.items():
            node = slicer.mrmlScene.GetNodeByID(node_id)
            if node is not None and node.IsA("vtkMRMLStorageNode"):
                node.SetFileName(path or "")            # None is refused
        for node_id in self._unsaved:
            node = slicer.mrmlScene.GetNodeByID(node_id)
            if node is not None:
                node.StorableModified()

    def _restoreSettings(self):
        settings, before, now = qt.QSettings(), self._settings, _settings()
        for key in now.keys() - before.keys():
            settings.remove(key)
        for key, value in before.items():
            if key not in now or comparable(now[key]) != comparable(value):
                settings.setValue(key, value)
        settings.sync()

    def _state(self):
        database = dicom_database()
        return {"layout": slicer.app.layoutManager().layout, "module": str(slicer.util.selectedModule() or ""),
                "window": size_of(self._window), "nodes": sorted(map(_describe, _storable())),
                "settings": {key: comparable(value) for key, value in _settings().items()},
                "DICOM database": database.databaseFilename if database is not None and database.isOpen else "closed"}


def _difference(name, before, after):
    if isinstance(before, dict):                        # of hundreds of settings only those that differ
        keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
        before, after = {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}
    return f"{name} is {after!r}, was {before!r}"


def size_of(widget) -> tuple[int, int]:
    """Width and height of a widget in pixels."""
    return widget.width, widget.height


def give_size(window, size: tuple[int, int]) -> None:
    """Resize a window, and let its contents follow; a window that fills the screen stays as it is."""
    if size_of(window) != size and not window.isMaximized() and not window.isFullScreen():
        window.resize(*size)
    slicer.app.processEvents()


def comparable(value) -> str:
    """A setting as text, the same whenever the setting is: PythonQt compares Qt's values by their addresses.

    Numbers and booleans become texts when the settings are read from their file again.
    """
    if isinstance(value, (list, tuple)):
        return str([comparable(item) for item in value])
    if hasattr(value, "toBase64"):                      # QByteArray
        return str(value.data())
    return re.sub(r"0x[0-9A-Fa-f]+", "", str(value).lower() if isinstance(value, bool) else str(value))


def _settings():
    settings = qt.QSettings()
    return {key: settings.value(key) for key in settings.allKeys()}


def _storable():
    """The nodes whose data a user could lose: not Slicer's own color tables, nor the cameras, which views make."""
    return [node for node in slicer.util.getNodesByClass("vtkMRMLStorableNode")
            if node.GetSaveWithScene() and not node.IsA("vtkMRMLCameraNode")]


def _describe(node):
    """Class, name and, where there are, points and voxels of a node."""
    size = ()
    if node.IsA("vtkMRMLMarkupsNode"):
        points = (node.GetNthControlPointPosition(index) for index in range(node.GetNumberOfControlPoints()))
        size = tuple(tuple(round(value, 3) for value in point) for point in points)
    elif node.IsA("vtkMRMLVolumeNode") and node.GetImageData() is not None:
        size = node.GetImageData().GetDimensions()
    return node.GetClassName(), node.GetName() or "", str(size)
