"""The encoders whose vectors can be made here: preprocessing, network, and where their weights are and under which licence.

Preprocessing and networks are those of the published extractors (TumorImagingBench, branch add_nlst, 590a525).
"""
from __future__ import annotations

from dataclasses import dataclass

from .networks.network import Network
from .networks.res_net import InflatedResNet152, ResNet50
from .networks.seg_res_encoder import SegResEncoder
from .networks.stacked_encoder import StackedEncoder
from .networks.unet_encoder import UNetEncoder


@dataclass(frozen=True)
class WeightsSource:
    """Where a model's weights can be had.

    Parameters
    ----------
    file_name : str
        Under which it is kept.
    url : str
        At a fixed revision where the server has any.
    size_bytes : int or None
        None where it is not known before the download.
    sha256 : str or None
        Hexadecimal; None where no hash is known: then the file is pinned on first use.
    license_text : str
        For the consent, as the publisher gives it.
    license_clear : bool
        False where the publisher contradicts itself or says nothing about the weights.
    gated : bool
        Whether the publisher asks for an account and consent; such weights are not offered.
    """

    file_name: str
    url: str
    size_bytes: int | None
    sha256: str | None
    license_text: str
    license_clear: bool
    gated: bool = False


@dataclass(frozen=True)
class EncoderModel:
    """One model: how its crop is made, its network, its weights.

    Parameters
    ----------
    name : str
        As in ``<name>_features.pkl``.
    axes : str
        Directions in which the crop's axes run: three letters of R/L, A/P, S/I.
    spacing_mm, size : tuple
        Of the crop along R/L, A/P, S/I: voxel [mm] and number of voxels.
    hu_window, value_range : tuple of float
        These HU become this range, linearly; beyond it they are clipped.
    dimension : int
        Of the vector.
    network : Network or None
        None for a model that only its crop is known of.
    sources : tuple of WeightsSource
        Best first; empty for a network without a weights file.
    unused : tuple of str
        How names of tensors begin (or end, with a dot at the start) that weights files have beside the network's: decoders.
    weights_seed : int or None
        Of a network whose weights are random numbers: no file is needed.
    left_out : str
        Why no vectors are made, "" where they are.
    """

    name: str
    axes: str
    dimension: int
    network: Network | None = None
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    size: tuple[int, int, int] = (48, 48, 48)
    hu_window: tuple[float, float] = (-1024.0, 2048.0)
    value_range: tuple[float, float] = (0.0, 1.0)
    sources: tuple[WeightsSource, ...] = ()
    unused: tuple[str, ...] = ()
    weights_seed: int | None = None
    left_out: str = ""

    @property
    def needs_weights(self) -> bool:
        """Whether a weights file is needed."""
        return self.weights_seed is None


_HUGGING_FACE = "https://huggingface.co"
#: of U-Nets whose norms take the image's own statistics
_STATISTICS = (".running_mean", ".running_var")
#: hashes and sizes were reported by others who downloaded the files; a hash fixes the content, whatever the address gives later
_ALL = (
    EncoderModel("CTFM", "SPL", 512, SegResEncoder(32, "batch"), unused=("up_layers",), sources=(WeightsSource(
        "CTFM.safetensors", f"{_HUGGING_FACE}/project-lighter/ct_fm_feature_extractor/resolve/main/model.safetensors",
        311_116_176, "b521ff13764ad0fce67f8ad2e5aa9ccc0823f69e4544b446581d8a2dee686215", "Apache-2.0", True),)),
    EncoderModel("FMCIB", "SPL", 4096, ResNet50(), unused=("fc.", "heads."), sources=(WeightsSource(
        "FMCIB.torch", "https://zenodo.org/records/10528450/files/model_weights.torch?download=1", None, None,
        "of the weights: not seen. The code is under the MIT license", False),)),
    EncoderModel("Merlin", "RAS", 512, InflatedResNet152(), hu_window=(-1000.0, 1000.0), unused=("classifier.",),
                 sources=(WeightsSource(
                     "Merlin.pt", f"{_HUGGING_FACE}/stanfordmimi/Merlin/resolve/main/"
                                  "i3_resnet_clinical_longformer_best_clip_04-02-2024_23-21-36_epoch_99.pt",
                     1_084_889_630, "e274ec09ba6cf86ab4e5b9923a346e1ef35b4150607896264941875975674ff6", "MIT", True),)),
    EncoderModel("ModelsGen", "RAS", 4096, UNetEncoder(pooled=True), unused=("up_tr", "out_tr.", *_STATISTICS),
                 sources=(WeightsSource(
                     "ModelsGen.pt", f"{_HUGGING_FACE}/MrGiovanni/ModelsGenesis/resolve/main/Genesis_Chest_CT.pt",
                     152_639_120, "62de21a05236d6a8d8d5b03ec740f6ac6b818d15d3e86eed4f38a2a17d63cc08",
                     "Apache-2.0 on Hugging Face, non-commercial on GitHub: its publisher contradicts itself", False),)),
    EncoderModel("PASTA", "LPS", 1024, StackedEncoder(), unused=("conv_blocks_localization.", "td.", "tu.", "seg_outputs."),
                 sources=(WeightsSource(
                     "PASTA.pth", f"{_HUGGING_FACE}/surajpaib/PASTA-Model/resolve/main/PASTA%20final.pth", None, None,
                     "of the weights: not seen. The code is under the MIT license", False),)),
    EncoderModel("SUPREME", "RAS", 512, UNetEncoder(pooled=False), unused=("up_tr", "out_tr.", *_STATISTICS),
                 sources=(WeightsSource(
                     "SUPREME.pth", f"{_HUGGING_FACE}/MrGiovanni/SuPreM/resolve/main/supervised_suprem_unet_2100.pth",
                     233_188_229, "c8dc39c86cd8d715e5ef0b5bb4ba4335ba45237127829ea016f75ee8beca0a93",
                     "Apache-2.0 on Hugging Face, CC BY-NC-ND on GitHub: its publisher contradicts itself", False),)),
    EncoderModel("VISTA3D", "RAS", 768, SegResEncoder(48, "instance"), sources=(WeightsSource(
        "VISTA3D.pt", "https://developer.download.nvidia.com/assets/Clara/monai/tutorials/model_zoo/model_vista3d.pt", None,
        None, "its README says both \"commercial friendly\" and \"NVIDIA OneWay Noncommercial License\"", False),)),
    EncoderModel("Voco", "RAS", 3072, size=(64, 64, 64),
                 left_out="its published vectors are nearly the same for all patients, and its weights have 3.4 GB"),
    EncoderModel("CTClipVit", "SLP", 512, spacing_mm=(1.5, 0.75, 0.75), size=(60, 60, 60), hu_window=(-1000.0, 1000.0),
                 value_range=(-1.0, 1.0), left_out="its weights are gated, for non-commercial use (CC BY-NC-SA 4.0)"),
    EncoderModel("SeededRandomFeatures", "LPS", 64, SegResEncoder(8, "batch", (1, 1, 1, 1)), spacing_mm=(2.0, 2.0, 2.0),
                 size=(24, 24, 24), weights_seed=20_240_917),
)
#: name -> model
MODELS = {model.name: model for model in _ALL}
