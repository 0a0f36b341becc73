"""Bottleneck ResNets in 3-D (He, CVPR 2016): FMCIB's ResNet-50 and, with 2-D kernels made 3-D, Merlin's ResNet-152."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..layers import batch_norm, conv3d, max_pool, relu

_NORM = ("weight", "bias", "running_mean", "running_var")
#: a block's last convolution has so many times the channels of its others
_EXPANSION = 4


@dataclass(frozen=True)
class _ResNet:
    """What both have in common: stages of bottleneck blocks, each stage but the first half the size of the one before.

    Parameters
    ----------
    width : int
        Channels of the first stage's inner convolutions; each stage doubles it.
    blocks : tuple of int
        Of each stage.
    shortcut_bias : bool
        Whether the convolutions of the shortcuts have a bias.
    """

    width: int
    blocks: tuple[int, ...]
    shortcut_bias: bool

    def _stage_shapes(self):
        shapes, before = {}, self.width
        for stage, count in enumerate(self.blocks):
            inner = self.width << stage
            outer = inner * _EXPANSION
            for block in range(count):
                at = f"layer{stage + 1}.{block}"
                kernels = ((inner, before, 1, 1, 1), (inner, inner, 3, 3, 3), (outer, inner, 1, 1, 1))
                for number, kernel in enumerate(kernels, start=1):
                    shapes[f"{at}.conv{number}.weight"] = kernel
                    shapes.update({f"{at}.bn{number}.{name}": kernel[:1] for name in _NORM})
                if not block:
                    shapes[f"{at}.downsample.0.weight"] = (outer, before, 1, 1, 1)
                    if self.shortcut_bias:
                        shapes[f"{at}.downsample.0.bias"] = (outer,)
                    shapes.update({f"{at}.downsample.1.{name}": (outer,) for name in _NORM})
                before = outer
        return shapes

    def _stages(self, values, parameters):
        for stage, count in enumerate(self.blocks):
            for block in range(count):
                values = self._block(values, parameters, f"layer{stage + 1}.{block}", 2 if stage and not block else 1)
        return values

    @staticmethod
    def _block(values, parameters, at, stride):
        inner = relu(batch_norm(conv3d(values, parameters[f"{at}.conv1.weight"]), parameters, f"{at}.bn1"))
        inner = conv3d(inner, parameters[f"{at}.conv2.weight"], stride=stride, padding=1)
        inner = relu(batch_norm(inner, parameters, f"{at}.bn2"))
        inner = batch_norm(conv3d(inner, parameters[f"{at}.conv3.weight"]), parameters, f"{at}.bn3")
        shortcut = f"{at}.downsample.0"
        if f"{shortcut}.weight" in parameters:
            values = conv3d(values, parameters[f"{shortcut}.weight"], parameters.get(f"{shortcut}.bias"), stride)
            values = batch_norm(values, parameters, f"{at}.downsample.1")
        inner += values
        return relu(inner)


@dataclass(frozen=True)
class ResNet50(_ResNet):
    """MONAI's 3-D ResNet-50, twice as wide: FMCIB."""

    width: int = 128
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    shortcut_bias: bool = True

    def shapes(self):
        """See `Network.shapes`."""
        return {"conv1.weight": (self.width, 1, 7, 7, 7), **{f"bn1.{name}": (self.width,) for name in _NORM},
                **self._stage_shapes()}

    def encode(self, crop, parameters):
        """The mean of the last stage: float32, shape (4096,)."""
        values = conv3d(crop, parameters["conv1.weight"], stride=2, padding=3)
        values = max_pool(relu(batch_norm(values, parameters, "bn1")), 3, 2, padding=1)
        return self._stages(values, parameters).mean(axis=(1, 2, 3))


@dataclass(frozen=True)
class InflatedResNet152(_ResNet):
    """ResNet-152 of photographs with 3-D kernels, all three colors the same image, and a head into the joint space: Merlin."""

    width: int = 64
    blocks: tuple[int, ...] = (3, 8, 36, 3)
    shortcut_bias: bool = False
    dimension: int = 512

    def shapes(self):
        """See `Network.shapes`."""
        channels = (self.width << len(self.blocks) - 1) * _EXPANSION
        return {"conv1.weight": (self.width, 3, 3, 7, 7), **{f"bn1.{name}": (self.width,) for name in _NORM},
                **self._stage_shapes(), "contrastive_head.weight": (self.dimension, channels, 1, 1, 1),
                "contrastive_head.bias": (self.dimension,)}

    def encode(self, crop, parameters):
        """The contrastive head's output, of length 1: float32, shape (dimension,)."""
        # the published network takes the crop's last axis as the first
        values = np.ascontiguousarray(crop.transpose(0, 3, 1, 2))
        kernels = parameters["conv1.weight"].sum(axis=1, keepdims=True)         # three equal channels
        values = conv3d(values, kernels, stride=(1, 2, 2), padding=(1, 3, 3))
        values = max_pool(relu(batch_norm(values, parameters, "bn1")), 3, 2, padding=1)
        features = self._stages(values, parameters).mean(axis=(1, 2, 3))
        head = parameters["contrastive_head.weight"].reshape(self.dimension, -1)
        vector = head @ features + parameters["contrastive_head.bias"]
        return vector / np.linalg.norm(vector)
