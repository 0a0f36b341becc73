"""Command ``embed``: vectors of tumors from their CTs; and the worker of that name, which the panel starts."""
from __future__ import annotations

import argparse
import pathlib

import numpy as np

from ..base.errors import InputError
from ..embedding.crop import crop_around
from ..embedding.dicom_crop import crops_of_series
from ..embedding.embed import Embedding, Encoder
from ..imaging.ct_series import read_series

#: options whose values may begin with a minus
_WITH_NUMBERS = ("--point", "--ijk-to-lps")


def embed_command(arguments, report):
    """Embed points of one CT.

    Parameters
    ----------
    arguments : list of str
        ``--model NAME``, ``--weights FILE`` (by default that of the weights store); the CT as ``--ct FOLDER`` (DICOM) with
        ``--series UID`` when there are several, or as ``--volume FILE.npy`` (HU, shape (K, J, I)) with ``--ijk-to-lps``: 16
        numbers with commas, row by row [mm]; ``--point X,Y,Z`` [mm, LPS], as often as there are points.
    report : callable
        Called with the fraction done and a text.

    Returns
    -------
    dict
        ``model``, ``weights_sha256``; ``embeddings``: for each point ``point_lps_mm`` and either ``problem`` (why there is
        none) or ``vector``, ``corners_lps_mm`` (8 x 3), ``cut_mm`` (3 x 2), ``findings``; ``seconds``: of "weights".
    """
    parser = argparse.ArgumentParser(prog="embed")
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", type=pathlib.Path)
    parser.add_argument("--ct", type=pathlib.Path)
    parser.add_argument("--series")
    parser.add_argument("--volume", type=pathlib.Path)
    parser.add_argument("--ijk-to-lps", type=numbers)
    parser.add_argument("--point", type=numbers, action="append", required=True)
    options = parser.parse_args(joined_points(arguments))
    report(0.0, "Reading the weights")
    encoder = Encoder(options.model, options.weights)
    report(0.1, "Cutting the tumor out")
    crops, records = _crops(options, encoder.model), []
    for number, (point, crop) in enumerate(zip(options.point, crops)):
        report(0.1 + 0.9 * number / len(options.point), f"Embedding with {encoder.model.name}")
        records.append({"point_lps_mm": list(point), "problem": str(crop)} if isinstance(crop, InputError)
                       else _record(encoder.embed(crop, point)))
    return {"model": encoder.model.name, "weights_sha256": encoder.weights_sha256, "embeddings": records,
            "seconds": {"weights": encoder.seconds}}


def _crops(options, model):
    """A crop for each point, or why there is none."""
    if options.ct is not None:
        return crops_of_series(read_series(options.ct, options.series), options.point, model)
    if options.volume is None or len(options.ijk_to_lps or ()) != 16:
        raise InputError("no CT", expected="--ct, or --volume with --ijk-to-lps")
    voxels, matrix = np.load(options.volume, mmap_mode="r"), np.array(options.ijk_to_lps).reshape(4, 4)
    crops = []
    for point in options.point:
        try:
            crops.append(crop_around(voxels, matrix, point, model))
        except InputError as error:
            crops.append(error)
    return crops


def joined_points(arguments: list[str]) -> list[str]:
    """The same with ``--point X`` as ``--point=X``: argparse takes a negative coordinate for another option."""
    joined = []
    for argument in arguments:
        if joined and joined[-1] in _WITH_NUMBERS:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _record(embedding: Embedding) -> dict:
    """Something json can write."""
    crop = embedding.crop
    return {"point_lps_mm": list(embedding.point_lps_mm), "vector": [float(value) for value in embedding.vector],
            "corners_lps_mm": crop.corners_lps_mm.tolist(), "cut_mm": crop.cut_mm.tolist(), "findings": list(crop.findings)}


def numbers(text: str) -> tuple[float, ...]:
    """Numbers that commas separate."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected numbers, separated by commas") from None
