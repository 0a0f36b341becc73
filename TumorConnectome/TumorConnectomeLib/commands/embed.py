"""Command ``embed``: vectors of tumors from their CTs; and the worker of that name, which the panel starts.

Somebody waits for the worker: what only the command or DICOM files need is imported where it is needed.
"""
from __future__ import annotations

import argparse
import importlib.util
import pathlib
import sys

import numpy as np

from ..base.errors import InputError, PackageMissing, TumorConnectomeError
from ..base.files import default_cache_folder
from ..embedding.crop import crop_around
from ..embedding.embed import Embedding, Encoder
from ..embedding.models import MODELS

#: options whose values may begin with a minus
_WITH_NUMBERS = ("--point", "--ijk-to-lps")
#: lines about tumors without a vector that are printed
_MOST_NOTES = 20
_DESCRIPTION = """\
One tumor: --ct with --point writes one row PatientID, SeriesInstanceUID, model, pred_0, pred_1, ... A cohort: --images with
--boxes (structured reports), --segments (DICOM SEG) or --points (a table), or --collection (annotations of a collection in IDC,
fetched into the cache) writes one row a tumor. Crops are made as for the published vectors; networks run in numpy. Stop it and
start it again as you like: what is done is kept beside the table until all is done. Coordinates are LPS, mm."""


def add_parser(subparsers):
    """Register the command with argparse."""
    usable = [name for name, model in MODELS.items() if not model.left_out]
    parser = subparsers.add_parser("embed", help="vectors of tumors from their CTs, as CSV or Parquet",
                                   description=_DESCRIPTION)
    parser.add_argument("--model", required=True, metavar="NAME", help=f"one of {', '.join(usable)}")
    parser.add_argument("--weights", type=pathlib.Path, metavar="FILE",
                        help="weights of the model, safetensors or torch; never unpickled (default: the downloaded ones)")
    parser.add_argument("--out", required=True, type=pathlib.Path, metavar="FILE", help="FILE.csv, or of a cohort FILE.parquet")
    parser.add_argument("--ct", type=pathlib.Path, metavar="DIR", help="folder of one CT series, with --point")
    parser.add_argument("--series", metavar="UID", help="which CT series, when the folder of --ct has several")
    parser.add_argument("--point", type=numbers, metavar="X,Y,Z", help="the tumor's center")
    parser.add_argument("--images", type=pathlib.Path, metavar="DIR", help="folder of CTs, with its subfolders")
    parser.add_argument("--boxes", type=pathlib.Path, metavar="SR_DIR", help="folder of structured reports with boxes")
    parser.add_argument("--segments", type=pathlib.Path, metavar="SEG_DIR", help="folder of DICOM segmentations")
    parser.add_argument("--points", type=pathlib.Path, metavar="CSV",
                        help="table with PatientID or SeriesInstanceUID, coordX, coordY, coordZ")
    parser.add_argument("--collection", metavar="NAME", help="a collection in IDC, such as nlst")
    parser.add_argument("--annotations", default="", metavar="ID", help="which of its annotations, such as nlst_sybil")
    parser.add_argument("--limit", type=_whole, metavar="N", help="the first N CTs or annotations only")
    parser.add_argument("--scheduler", metavar="ADDRESS",
                        help="Dask scheduler, such as tcp://10.0.0.1:8786, whose workers see the same folders")
    parser.add_argument("--cache", type=pathlib.Path, default=default_cache_folder(),
                        help="folder for what is downloaded (default: the cache of the module)")
    parser.set_defaults(run=run)


def run(options):
    """Embed and write the table; returns 0. What could not be embedded is told, a line each, and stops nothing else."""
    from .embed_cohort import embed_cohort

    ways = {"--ct": options.ct, "--images": options.images, "--collection": options.collection}
    given = [name for name, value in ways.items() if value]
    if len(given) != 1:
        raise TumorConnectomeError(f"{' and '.join(given) or 'no CT'} given; expected one of {', '.join(ways)}")
    if options.ct:
        return _run_one(options)
    marks = [name for name in ("boxes", "points", "segments") if getattr(options, name)]
    if len(marks) != (1 if options.images else 0):
        raise TumorConnectomeError("expected one of --boxes, --points and --segments with --images, and none with --collection")
    if options.scheduler and importlib.util.find_spec("distributed") is None:
        raise PackageMissing("--scheduler needs the Python package distributed (Dask), which is not installed", "distributed")
    try:
        outcome = embed_cohort(options, _report)
    finally:
        print(file=sys.stderr)                          # ends the line of the progress
    lines = [*outcome.problems, *outcome.notes]
    for line in lines[:_MOST_NOTES]:
        print(f"Note: {line}", file=sys.stderr)
    if len(lines) > _MOST_NOTES:
        print(f"Note: ... and {len(lines) - _MOST_NOTES} more", file=sys.stderr)
    again = f", {len(outcome.problems)} refused; started again it tries these only" if outcome.problems else ""
    print(f"{outcome.rows} tumors embedded with {options.model} ({outcome.new} of them now){again}; written to {options.out}")
    return 0


def _report(fraction, message=""):
    share = "" if fraction is None else f"{100 * fraction:3.0f} % "
    print(f"\r{share}{message[:100]:<100}", end="", file=sys.stderr, flush=True)


def _run_one(options):
    from ..embedding.dicom_crop import crops_of_series
    from ..imaging.ct_series import read_series
    from .tables import write_csv

    if options.point is None or len(options.point) != 3:
        raise TumorConnectomeError("expected --point X,Y,Z (LPS, mm) with --ct")
    if options.out.suffix.lower() != ".csv":
        raise InputError(f"the ending {options.out.suffix!r}", source=options.out, expected=".csv")
    encoder = Encoder(options.model, options.weights)
    series = read_series(options.ct, options.series)
    crop, = crops_of_series(series, [options.point], encoder.model)
    if isinstance(crop, InputError):
        raise crop
    for finding in crop.findings:
        print(f"Note: {finding}", file=sys.stderr)
    vector = [float(value) for value in encoder.vector(crop)]
    write_csv(options.out, ("PatientID", "SeriesInstanceUID", "model", *(f"pred_{number}" for number in range(len(vector)))),
              [(series.patient_id, series.series_uid, encoder.model.name, *vector)])
    print(f"1 tumor embedded with {encoder.model.name}; written to {options.out}")
    return 0


def _whole(text):
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number above 0")
    return int(text)


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
    try:
        return _embeddings(options, report)
    except MemoryError:
        raise TumorConnectomeError(f"the memory does not suffice to embed with {options.model}: close other programs, or take "
                                   "a smaller model") from None


def _embeddings(options, report):
    """What `embed_command` answers."""
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
        from ..embedding.dicom_crop import crops_of_series
        from ..imaging.ct_series import read_series

        return crops_of_series(read_series(options.ct, options.series), options.point, model)
    if options.volume is None or len(options.ijk_to_lps or ()) != 16:
        raise InputError("no CT", expected="--ct, or --volume with --ijk-to-lps")
    try:
        voxels = np.load(options.volume, mmap_mode="r")
    except (OSError, ValueError) as error:              # of a file with objects, which it would unpickle, it says so
        raise InputError(getattr(error, "strerror", None) or str(error), source=options.volume,
                         expected="a volume, as numpy writes it") from None
    matrix, crops = np.array(options.ijk_to_lps).reshape(4, 4), []
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
