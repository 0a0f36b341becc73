#!/bin/sh
# 3D Slicer: the closed surface of a small segment, made with the default settings, is far smaller than the segment, or empty.
#
# Segments are converted to surfaces for 3-D views with smoothing factor 0.5.
# Expected: a surface about as large as the voxels it stands for, as of large segments.
# Seen in slicer-core 5.13.31053.0: no volume at all for 3 x 3 x 1 voxels, a quarter for 5 x 5 x 2 voxels.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet slicer-core==5.13.31053.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

scene, shares = slicer.vtkMRMLScene(), {}
logic = slicer.vtkSlicerSegmentationsModuleLogic()      # registers what converts segments
logic.SetMRMLScene(scene)
for size in ((3, 3, 1), (5, 5, 2), (30, 30, 30)):
    mask = np.zeros((36, 36, 36), np.uint8)
    mask[2:2 + size[2], 2:2 + size[1], 2:2 + size[0]] = 1
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(mask.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(mask.ravel(), deep=True))
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.AddSegmentFromBinaryLabelmapRepresentation(image, "segment")
    node.CreateClosedSurfaceRepresentation()
    surface, triangles, mass, volume = vtk.vtkPolyData(), vtk.vtkTriangleFilter(), vtk.vtkMassProperties(), 0.0
    node.GetClosedSurfaceRepresentation(node.GetSegmentation().GetNthSegmentID(0), surface)
    if surface.GetNumberOfPolys():
        triangles.SetInputData(surface)
        mass.SetInputConnection(triangles.GetOutputPort())
        mass.Update()
        volume = mass.GetVolume()
    shares[size] = volume / np.prod(size)
    print(f"{size[0]} x {size[1]} x {size[2]} voxels of 1 mm3: expected about {np.prod(size)} mm3, seen {volume:.1f} mm3 "
          f"({100 * shares[size]:.0f} %)")
sys.exit(0 if shares[3, 3, 1] < 0.1 and shares[5, 5, 2] < 0.5 and shares[30, 30, 30] > 0.9 else 1)
PYTHON
