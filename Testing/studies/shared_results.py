"""What the workers of all test processes share: the synthetic CTs and the demo cohort, which cost ten seconds each.

Only the drawing of voxels and the analysis of the cohort are taken from another worker; all else that a worker does, its
checks included, it does. Slices away from the tumor repeat one of their neighbors; those around it are drawn as always.
SHARED_STUDIES names the folder.
"""
import contextlib
import functools
import os
import pathlib
import shutil
import sys

#: so many slices are drawn, or copied, at once
_SLICES = 6
#: of so many slices far from the tumor one is drawn
_COPIES = 18


@contextlib.contextmanager
def _locked(path):
    """Others wait; the lock goes with the process, however that ends."""
    with open(path, "wb") as stream:
        if sys.platform != "win32":
            import fcntl
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _share_cohort(folder):
    from TumorConnectomeLib.base.files import atomic_file
    from TumorConnectomeLib.commands import prepare as command

    def prepare(arguments, report, *, prepare=command.prepare):
        if "--data" in arguments:
            return prepare(arguments, report)
        cohorts = pathlib.Path(arguments[arguments.index("--cache") + 1], "cohorts")
        kept = folder / "cohorts"
        kept.mkdir(exist_ok=True)
        with _locked(folder / "cohorts.lock"):
            for path in kept.iterdir():
                if not (cohorts / path.name).exists():
                    with atomic_file(cohorts / path.name) as stream:
                        stream.write(path.read_bytes())
            result = prepare(arguments, report)
            if not (kept / pathlib.Path(result["path"]).name).exists():
                shutil.copy(result["path"], kept)
        return result

    command.prepare = prepare


def _few_slices(phantom):
    """As `phantom.whole_ct`, of which most slices far from the tumor are copies."""
    import numpy as np

    from TumorConnectomeLib.synthetic.lesion_boxes import annotate, extent_in_voxels
    from TumorConnectomeLib.synthetic.tumor_crop import crop_area
    from TumorConnectomeLib.synthetic.voxels import VoxelBox

    count, *plane = phantom.grid.shape
    tumor = crop_area(extent_in_voxels(annotate(phantom)), phantom.grid.spacing, phantom.grid.shape)
    one = functools.lru_cache(1)(lambda number: phantom.hounsfield(VoxelBox((number, 0, 0), (number + 1, *plane))))
    for first in range(0, count, _SLICES):
        stop, copied = min(first + _SLICES, count), first // _COPIES * _COPIES
        if first < tumor.stop[0] and stop > tumor.start[0]:
            yield first, phantom.hounsfield(VoxelBox((first, 0, 0), (stop, *plane)))
        else:
            copied = copied if stop <= tumor.start[0] else max(copied, tumor.stop[0])
            yield first, np.repeat(one(copied), stop - first, axis=0)


def _share_voxels(folder):
    from TumorConnectomeLib.synthetic import study

    def write_files(phantom, target, report, *, write=study._write_files):
        kept = folder / phantom.patient.patient_id
        with _locked(kept.with_suffix(".lock")):
            if not kept.is_dir():
                write(phantom, target, report)
                unfinished = kept.with_suffix(".unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                shutil.copytree(target, unfinished)
                unfinished.rename(kept)
                return
        report(0.5, "Taking the CT that another test made")
        shutil.copytree(kept, target, dirs_exist_ok=True)

    study._write_files, study.whole_ct = write_files, _few_slices


def share(arguments):
    """Let a worker with these arguments share what it makes."""
    if "SHARED_STUDIES" in os.environ:
        for worker, share_with in (("prepare", _share_cohort), ("synthesize-study", _share_voxels)):
            if ["worker", worker] == arguments[:2]:
                share_with(pathlib.Path(os.environ["SHARED_STUDIES"]))
