"""Stand-in for Slicer's IO manager: reads and writes nodes with their own storage nodes, and scenes."""
import os

import slicer
import slicer.util
import vtk
from PySide6 import QtCore

#: file type of slicer.util.loadXxx() -> node class
NODE_CLASSES = {"ModelFile": "vtkMRMLModelNode", "SegmentationFile": "vtkMRMLSegmentationNode",
                "TableFile": "vtkMRMLTableNode", "TextFile": "vtkMRMLTextNode", "TransformFile": "vtkMRMLTransformNode"}

#: endings -> file type; the first that fits counts
ENDINGS = (((".mrk.json", ".fcsv"), "MarkupsFile"), ((".mrml", ".mrb"), "SceneFile"), ((".csv", ".tsv"), "TableFile"),
           ((".vtk", ".vtp", ".stl", ".ply", ".obj"), "ModelFile"), ((".h5", ".tfm"), "TransformFile"),
           ((".seg.nrrd",), "SegmentationFile"), ((".txt", ".json"), "TextFile"), (("",), "VolumeFile"))

_LABELMAP, _CENTER, _SINGLE_FILE, _AUTO_WINDOW_LEVEL = 1, 2, 4, 8       # options of vtkSlicerVolumesLogic


class qSlicerCoreIOManager(QtCore.QObject):
    """slicer.app.coreIOManager()"""

    def fileType(self, path):
        return next(kind for endings, kind in ENDINGS if os.path.basename(path).lower().endswith(endings))

    def loadNodes(self, file_type, properties, nodes=None, messages=None):
        path, name = properties["fileName"], properties.get("name")
        if file_type == "SceneFile":
            return read_scene(path, properties.get("clear", True))
        if file_type == "VolumeFile":
            found = _load_volume(path, name or _stem(path), properties)
        elif file_type == "MarkupsFile":
            node_id = slicer.modules.markups.logic().LoadMarkups(path, name or "", messages)
            found = slicer.mrmlScene.GetNodeByID(node_id) if node_id else None
        elif file_type in NODE_CLASSES:
            found = _load_node(path, name or _stem(path), NODE_CLASSES[file_type])
        else:
            raise NotImplementedError(f"slicerhost does not read files of type {file_type}")
        if found and nodes is not None:
            nodes.AddItem(found)
        return bool(found)

    def saveNodes(self, file_type, properties, messages=None):
        if file_type == "SceneFile":
            return write_scene(properties["fileName"])
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        storage = _storage(node, properties["fileName"])
        storage.SetUseCompression(properties.get("useCompression", 1))
        return bool(storage.WriteData(node))

    def fileWriterFileType(self, node, *_):
        return node.GetClassName()

    def saveScene(self, path, *_):
        return write_scene(path)

    def loadScene(self, path, clear=True):
        return read_scene(path, clear)


def read_scene(path, clear=True):
    """Read a .mrb or .mrml file in place of the scene, or into it; returns whether it worked."""
    scene = slicer.mrmlScene
    if path.lower().endswith(".mrb"):
        return bool(scene.ReadFromMRB(path, clear))
    scene.SetURL(path)
    return bool(scene.Connect() if clear else scene.Import())


def write_scene(path):
    """Write the scene with its data (.mrb), or without (.mrml); returns whether it worked."""
    scene = slicer.mrmlScene
    if path.lower().endswith(".mrb"):
        return bool(scene.WriteToMRB(path))
    scene.SetURL(path)
    scene.SetRootDirectory(os.path.dirname(path))
    return bool(scene.Commit(path))


def _stem(path):
    return os.path.basename(path).partition(".")[0]


def _storage(node, path):
    if hasattr(node, "SetForceCreateStorageNode"):          # text nodes keep short texts in the scene
        node.SetForceCreateStorageNode(True)
    node.AddDefaultStorageNode(path)
    node.GetStorageNode().SetFileName(path)
    return node.GetStorageNode()


def _load_volume(path, name, properties):
    files = None
    if properties.get("fileNames"):
        files = vtk.vtkStringArray()
        for file in properties["fileNames"]:
            files.InsertNextValue(file)
    options = sum(bit for bit, on in (
        (_LABELMAP, properties.get("labelmap")), (_CENTER, properties.get("center")),
        (_SINGLE_FILE, properties.get("singleFile")), (_AUTO_WINDOW_LEVEL, properties.get("autoWindowLevel", True))) if on)
    if files is not None and files.GetNumberOfValues() > 1:
        # Slicer tries readers of tensors and vectors first, which log this; slicer-core does not
        vtk.vtkOutputWindow.GetInstance().DisplayErrorText(
            "There is more than one file, use the vtkITKArchetypeImageSeriesReader instead\n")
    volume = slicer.modules.volumes.logic().AddArchetypeVolume(path, name, options, files)
    if volume and properties.get("show", True):
        slicer.util.setSliceViewerLayers(background=volume, fit=True)
    return volume


def _load_node(path, name, node_class):
    node = slicer.mrmlScene.AddNewNodeByClass(node_class, name)
    if not _storage(node, path).ReadData(node):
        slicer.mrmlScene.RemoveNode(node)
        return None
    if hasattr(node, "CreateDefaultDisplayNodes"):
        node.CreateDefaultDisplayNodes()
    return node
