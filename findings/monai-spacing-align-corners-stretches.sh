#!/bin/sh
# MONAI: Spacing(align_corners=True) returns voxels that are not where the affine that it returns puts them.
#
# A CT of 100 slices, 2.5 mm apart, resampled to 1 mm; each slice holds its own height. (torch from PyPI is a large download.)
# Expected: align_corners chooses what happens at the border; inside, a voxel holds what lies at the place that the affine says.
# Seen in MONAI 1.5.2: with align_corners=True the image is stretched about its middle: 0.7 mm off near both ends of this CT, in
# opposite directions, 0 in the middle. With False (the default) it is right. Published preprocessing uses True, so the same tumor
# gets another crop, and another vector, where it lies elsewhere in its scan.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet monai==1.5.2 torch==2.14.1 numpy==2.4.6
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import monai
import numpy as np
import torch
from monai.data import MetaTensor
from monai.transforms import Spacing

# a CT of 100 slices, 2.5 mm apart: each slice holds its own height [mm]
heights = 2.5 * np.arange(100, dtype=np.float32)
image = MetaTensor(torch.from_numpy(np.tile(heights, (4, 4, 1))[None]), affine=torch.diag(torch.tensor([1.0, 1.0, 2.5, 1.0])))
print("monai", monai.__version__, "torch", torch.__version__)
off = {}
for corners in (False, True):
    found = Spacing((1.0, 1.0, 1.0), mode="bilinear", padding_mode="border", align_corners=corners)(image)
    told = found.affine[2, 2].item() * np.arange(found.shape[3]) + found.affine[2, 3].item()
    inside = slice(5, -5)
    error = found[0, 2, 2].numpy()[inside] - told[inside]
    off[corners] = float(np.abs(error).max())
    print(f"align_corners={corners}: {found.shape[3]} slices, values are up to {off[corners]:.3f} mm from where the affine puts them;"
          f" below {error[0]:+.3f}, in the middle {error[len(error) // 2]:+.3f}, above {error[-1]:+.3f} mm")
assert off[False] < 0.001 and 0.5 < off[True] < 1.0
PYTHON
