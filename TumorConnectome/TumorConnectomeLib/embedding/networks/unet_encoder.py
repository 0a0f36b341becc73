"""The encoder of the 3-D U-Net of Models Genesis (Zhou, MICCAI 2019), which SuPreM trained as well: ModelsGen, SUPREME."""
from __future__ import annotations

from dataclasses import dataclass

from ..layers import conv3d, instance_norm, max_pool, mean_pool, relu

#: level -> channels that come in, channels of its two convolutions
_LEVELS = {"down_tr64": (1, 32, 64), "down_tr128": (64, 64, 128), "down_tr256": (128, 128, 256), "down_tr512": (256, 256, 512)}


@dataclass(frozen=True)
class UNetEncoder:
    """Four levels of two convolutions each, halved by a max pool. Its batch norms take the statistics of the image itself.

    Parameters
    ----------
    pooled : bool
        False: the mean of the last level, 512 numbers (SUPREME). True: means of cubes of 3 voxels, 2 apart, of the last level,
        4096 numbers for a crop of 48 voxels (ModelsGen).
    """

    pooled: bool

    def shapes(self):
        """See `Network.shapes`."""
        shapes = {}
        for level, widths in _LEVELS.items():
            for number in (0, 1):
                at, width = f"{level}.ops.{number}", widths[number + 1]
                shapes[f"{at}.conv1.weight"] = (width, widths[number], 3, 3, 3)
                shapes.update({f"{at}.{name}": (width,) for name in ("conv1.bias", "bn1.weight", "bn1.bias")})
        return shapes

    def encode(self, crop, parameters):
        """See `Network.encode`."""
        values = crop
        for level in _LEVELS:
            if values is not crop:
                values = max_pool(values, 2, 2)
            for number in (0, 1):
                at = f"{level}.ops.{number}"
                values = conv3d(values, parameters[f"{at}.conv1.weight"], parameters[f"{at}.conv1.bias"], padding=1)
                values = relu(instance_norm(values, parameters, f"{at}.bn1"))
        return mean_pool(values, 3, 2).ravel() if self.pooled else values.mean(axis=(1, 2, 3))
