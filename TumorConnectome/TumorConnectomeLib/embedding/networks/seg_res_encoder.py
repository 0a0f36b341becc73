"""The encoder of SegResNetDS (Myronenko, BrainLes 2018; MONAI's SegResEncoder): CT-FM, VISTA3D, and random features."""
from __future__ import annotations

from dataclasses import dataclass

from ..layers import batch_norm, conv3d, instance_norm, relu


@dataclass(frozen=True)
class SegResEncoder:
    """Residual blocks of two 3 x 3 x 3 convolutions, each after a norm; between levels half the size and twice the channels.

    Parameters
    ----------
    filters : int
        Channels of the first level.
    norm : str
        "batch" (with stored statistics) or "instance".
    blocks : tuple of int
        Residual blocks of each level.
    """

    filters: int
    norm: str
    blocks: tuple[int, ...] = (1, 2, 2, 4, 4)

    def shapes(self):
        """See `Network.shapes`."""
        shapes = {"conv_init.weight": (self.filters, 1, 3, 3, 3)}
        statistics = ("running_mean", "running_var") if self.norm == "batch" else ()
        for level, count in enumerate(self.blocks):
            width = self.filters << level
            for block in range(count):
                for number in (1, 2):
                    at = f"layers.{level}.blocks.{block}"
                    shapes[f"{at}.conv{number}.weight"] = (width, width, 3, 3, 3)
                    shapes.update({f"{at}.norm{number}.{name}": (width,) for name in ("weight", "bias", *statistics)})
            if level < len(self.blocks) - 1:
                shapes[f"layers.{level}.downsample.weight"] = (2 * width, width, 3, 3, 3)
        return shapes

    def encode(self, crop, parameters):
        """The mean of the last level: float32, shape (filters * 2**(levels - 1),)."""
        values = conv3d(crop, parameters["conv_init.weight"], padding=1)
        for level, count in enumerate(self.blocks):
            for block in range(count):
                at = f"layers.{level}.blocks.{block}"
                inner = conv3d(self._activated(values, parameters, f"{at}.norm1"), parameters[f"{at}.conv1.weight"], padding=1)
                inner = conv3d(self._activated(inner, parameters, f"{at}.norm2"), parameters[f"{at}.conv2.weight"], padding=1)
                values += inner
            if level < len(self.blocks) - 1:
                values = conv3d(values, parameters[f"layers.{level}.downsample.weight"], stride=2, padding=1)
        return values.mean(axis=(1, 2, 3))

    def _activated(self, values, parameters, name):
        norm = batch_norm if self.norm == "batch" else instance_norm
        return relu(norm(values, parameters, name))
