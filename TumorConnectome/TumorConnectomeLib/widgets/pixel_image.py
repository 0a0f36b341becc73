"""Pictures made of numpy arrays, as Qt images."""
from __future__ import annotations

import numpy as np
import qt


def image_of_array(pixels: np.ndarray) -> qt.QImage:
    """A QImage of a gray (H, W) or RGB (H, W, 3) uint8 array; ValueError for anything else."""
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)) or not pixels.size:
        raise ValueError(f"a picture of type {pixels.dtype} and shape {pixels.shape}; expected uint8, (H, W) or (H, W, 3)")
    height, width = pixels.shape[:2]
    image = qt.QImage(width, height, qt.QImage.Format_RGBA8888)
    rgba = np.frombuffer(image.bits(), np.uint8).reshape(height, width, 4)
    rgba[..., :3] = pixels if pixels.ndim == 3 else pixels[..., None]
    rgba[..., 3] = 255
    return image
