#!/bin/sh
# 3D Slicer: a saved scene keeps that a view has a group, and not which one.
#
# Views scroll and zoom together, and are linked in other ways, if they have the same group (vtkMRMLAbstractViewNode::ViewGroup, a
# number that layout descriptions and the view's own menu set).
# Expected: a scene that is saved and loaded has the groups that it had.
# Seen in slicer-core 5.13.31053.0: the file says viewGroup="true", and every group above 0 is 1 after loading. Views of two
# groups are one group then, and a view of a group that the layout makes later is not linked with those of the scene.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet slicer-core==5.13.31053.0
"$folder/venv/bin/python" - "$folder/scene.mrml" <<'PYTHON'
import re
import sys

import slicer

groups, path = {"Left": 0, "Middle": 7, "Right": 57}, sys.argv[1]
saved, loaded = slicer.vtkMRMLScene(), slicer.vtkMRMLScene()
for name, group in groups.items():
    view = slicer.vtkMRMLSliceNode()
    view.SetName(name)
    view.SetLayoutName(name)
    view.SetViewGroup(group)
    saved.AddNode(view)
for scene in (saved, loaded):
    scene.SetURL(path)
saved.Commit()
loaded.Connect()
views = (loaded.GetNthNodeByClass(place, "vtkMRMLSliceNode") for place in range(len(groups)))
seen = {view.GetName(): view.GetViewGroup() for view in views}
with open(path) as stream:
    print("in the file:", *re.findall(r'viewGroup="[^"]*"', stream.read()))
print(f"expected {groups}")
print(f"seen     {seen}")
sys.exit(0 if seen == {"Left": 0, "Middle": 1, "Right": 1} else 1)
PYTHON
