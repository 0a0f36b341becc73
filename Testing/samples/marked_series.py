"""CT series with one bright pixel on each slice: where it is shown tells where the slice is."""
import numpy as np
from dicom_factory import AXIAL, edit, make_ct

#: HU of the one bright pixel of each marked slice
MARK = 2000
HEIGHTS = {
    "hole of 182 mm": [2.5 * k for k in range(6)] + [2.5 * k + 182.5 for k in range(6, 11)],
    "slice lost": [0, 2.5, 5, 10, 12.5, 15],
    "five slices lost": [2.5 * k for k in range(16) if not 6 <= k < 11],
    "2.5, then 5 mm": [0, 2.5, 5, 7.5, 12.5, 17.5, 22.5, 27.5],
    "1.3, then 3.1 mm": [0, 1.3, 2.6, 3.9, 7.0, 10.1, 13.2],
    "odd places": [0, 1.1, 3.0, 3.7, 6.2, 7.0, 9.9],
}


def marked_ct(folder, heights, orientation=AXIAL, shear=(0.0, 0.0), shifts=None):
    """A CT of -800 HU with one bright pixel on each slice, on another column each; returns slices and places of the marks."""
    normal = np.cross(orientation[:3], orientation[3:])
    axes = np.array(orientation, float).reshape(2, 3)
    aside = np.outer(heights, shear) + (0 if shifts is None else np.asarray(shifts, float))
    positions = np.array([10.0, -20, 30]) + np.outer(heights, normal) + aside @ axes
    slices = make_ct(folder, positions=positions, orientation=orientation, spacing=(0.8, 0.7), size=(12, 32))
    places = []
    for number, dataset in enumerate(slices):
        pixels = np.full((12, 32), -800, np.int16)
        pixels[5, number % 32] = MARK
        dataset.PixelData = pixels.tobytes()
        edit(dataset)
        places.append(np.array(dataset.ImagePositionPatient, float) + axes[0] * 0.7 * (number % 32) + axes[1] * 0.8 * 5)
    return slices, np.array(places)


def marks_in(volume):
    """Places of all marks in a volume: float64, shape (n, 3) [mm, LPS]; and its voxels."""
    import slicer
    import vtk

    voxels, matrix = slicer.util.arrayFromVolume(volume), vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    to_lps = np.diag([-1, -1, 1, 1]) @ slicer.util.arrayFromVTKMatrix(matrix)
    ijk = np.argwhere(voxels == MARK)[:, ::-1]
    return ijk @ to_lps[:3, :3].T + to_lps[:3, 3], voxels


def largest_error(volume, places):
    """Largest distance of a mark from the place that its header says [mm]; every mark must be there once."""
    found, _ = marks_in(volume)
    assert len(found) == len(places)
    return np.linalg.norm(found[:, None] - places, axis=2).min(axis=0).max()
