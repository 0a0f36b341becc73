"""The embedded default cohort: made-up patients whose embeddings are descriptors of their own tumor crops."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..cohort.cohort import Cohort
from .descriptors import DESCRIPTORS
from .lesion_boxes import SliceBox, annotate, extent_in_voxels, lesion_box_lps
from .patients import SyntheticPatient, patient_ids, synthetic_patients
from .phantom import Phantom
from .seeded_vectors import SEEDED, SeededVectors
from .seeds import GENERATOR_VERSION, SEED
from .study_ids import StudyIds
from .tumor_crop import TumorCrop, crop_area, resampled_crop

__all__ = ["COHORT_VERSION", "NAME", "build_cohort", "patient_ids", "tumor_crop"]

NAME = "Synthetic demo cohort"
_DESCRIPTION = ("Synthetic: made-up patients with computed chest CTs, no real person's data. Embeddings are image descriptors "
                "(intensity, shape, texture) of each tumor's crop, and those of a network with random weights.")
#: raise it whenever a vector changes although the patients do not
COHORT_VERSION = f"{GENERATOR_VERSION}.2"


def build_cohort(report: Callable[[float, str], None] = lambda fraction, message: None) -> Cohort:
    """Compute the synthetic cohort; the CTs themselves are made by `study.write_study` when first needed.

    Parameters
    ----------
    report : callable
        Told the fraction done and a message.
    """
    # pandas, which both need, may be installed only when a cohort is opened
    from ..cohort.facets import standard_facets
    from ..readers.patient_table import normalized

    patients = synthetic_patients()
    records, vectors, seeded = [], {name: [] for name in (*DESCRIPTORS, SEEDED)}, SeededVectors()
    for done, patient in enumerate(patients):
        report(done / len(patients), f"Making synthetic patient {done + 1} of {len(patients)}")
        phantom = Phantom(patient)
        boxes = annotate(phantom)
        extent = extent_in_voxels(boxes)
        area = crop_area(extent, phantom.grid.spacing, phantom.grid.shape)
        hu = phantom.hounsfield(area)
        crop = resampled_crop(hu, area, extent, phantom.grid.spacing)
        for name, describe in DESCRIPTORS.items():
            vectors[name].append(describe(crop))
        vectors[SEEDED].append(seeded.of(phantom, lesion_box_lps(phantom, boxes).mean(axis=0), area, hu))
        records.append(_record(patient, boxes))
    report(1.0, "Synthetic patients made")
    table = normalized(records, source=NAME)
    return Cohort(NAME, table, {name: np.stack(rows) for name, rows in vectors.items()}, standard_facets(table),
                  {"description": _DESCRIPTION, "seed": SEED, "generator_version": GENERATOR_VERSION},
                  synthetic=True)


def tumor_crop(phantom: Phantom, boxes: tuple[SliceBox, ...]) -> TumorCrop:
    """Return the crop around the boxes, computed without the rest of the CT."""
    extent = extent_in_voxels(boxes)
    area = crop_area(extent, phantom.grid.spacing, phantom.grid.shape)
    return resampled_crop(phantom.hounsfield(area), area, extent, phantom.grid.spacing)


def _record(patient: SyntheticPatient, boxes) -> dict:
    ids = StudyIds(patient.patient_id)
    return {"PatientID": patient.patient_id, "age": patient.age, "sex": patient.sex, "race": patient.race,
            "smoking": patient.smoking, "cancer_type": patient.cancer_type, "icd_o_3": patient.icd_o_3,
            "stage_code": patient.stage_code, "StudyInstanceUID": ids.study, "CT_SeriesInstanceUID": ids.ct_series,
            "SR_SeriesInstanceUID": ids.sr_series, "center_SOPInstanceUID": ids.ct_slice(boxes[len(boxes) // 2].index)}
