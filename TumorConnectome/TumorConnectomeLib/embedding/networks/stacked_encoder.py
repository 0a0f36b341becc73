"""The encoder of nnU-Net's plain U-Net (Isensee, Nature Methods 2021) as PASTA uses it."""
from __future__ import annotations

from dataclasses import dataclass

from ..layers import conv3d, instance_norm, leaky_relu


@dataclass(frozen=True)
class StackedEncoder:
    """Two convolutions with instance norm a level; the first one of a level halves the image.

    Parameters
    ----------
    widths : tuple of int
        Channels of the levels.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 1024)

    def _convolutions(self):
        """Name, channels in and out, and stride of all convolutions, in their order."""
        before = 1
        for level, width in enumerate(self.widths):
            for number in (0, 1):
                # the last level was made of two stacks of one
                at = f"{level}.blocks.{number}" if level < len(self.widths) - 1 else f"{level}.{number}.blocks.0"
                yield f"conv_blocks_context.{at}", before, width, 2 if level and not number else 1
                before = width

    def shapes(self):
        """See `Network.shapes`."""
        shapes = {}
        for at, before, width, _ in self._convolutions():
            shapes[f"{at}.conv.weight"] = (width, before, 3, 3, 3)
            shapes.update({f"{at}.{name}": (width,) for name in ("conv.bias", "instnorm.weight", "instnorm.bias")})
        return shapes

    def encode(self, crop, parameters):
        """The mean of the last level: float32, shape (widths[-1],)."""
        values = crop
        for at, _, _, stride in self._convolutions():
            values = conv3d(values, parameters[f"{at}.conv.weight"], parameters[f"{at}.conv.bias"], stride, padding=1)
            values = leaky_relu(instance_norm(values, parameters, f"{at}.instnorm"))
        return values.mean(axis=(1, 2, 3))
