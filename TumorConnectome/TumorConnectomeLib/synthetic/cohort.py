"""The embedded default cohort: made-up patients whose embeddings are descriptors of their own tumor crops."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..cohort.cohort import Cohort
from ..embedding.embed import Encoder
from .descriptors import DESCRIPTORS
from .lesion_boxes import SliceBox, annotate, extent_in_voxels
from .patients import SyntheticPatient, patient_ids, synthetic_patients
from .phantom import Phantom
from .random_features import ENCODER, crop_of
from .seeds import GENERATOR_VERSION, SEED
from .study_ids import StudyIds
from .tumor_crop import TumorCrop, crop_area, resampled_crop

__all__ = ["COHORT_VERSION", "GENERATOR_VERSION", "NAME", "build_cohort", "patient_ids", "tumor_crop"]

#: raise its last number whenever an embedding changes and no CT does
COHORT_VERSION = f"{GENERATOR_VERSION}.1"

NAME = "Synthetic demo cohort"
_DESCRIPTION = ("Synthetic: made-up patients with computed chest CTs, no real person's data. Embeddings are image descriptors "
                "(intensity, shape, texture) and seeded random features of each tumor's crop.")


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
    encoder = Encoder(ENCODER)
    records, vectors = [], {name: [] for name in (*DESCRIPTORS, ENCODER)}
    for done, patient in enumerate(patients):
        report(done / len(patients), f"Making synthetic patient {done + 1} of {len(patients)}")
        phantom = Phantom(patient)
        boxes = annotate(phantom)
        area, hu = _around(phantom, boxes)
        crop = resampled_crop(hu, area, extent_in_voxels(boxes), phantom.grid.spacing)
        for name, describe in DESCRIPTORS.items():
            vectors[name].append(describe(crop))
        vectors[ENCODER].append(encoder.vector(crop_of(phantom, boxes, area, hu)))
        records.append(_record(patient, boxes))
    report(1.0, "Synthetic patients made")
    table = normalized(records, source=NAME)
    return Cohort(NAME, table, {name: np.stack(rows) for name, rows in vectors.items()}, standard_facets(table),
                  {"description": _DESCRIPTION, "seed": SEED, "generator_version": GENERATOR_VERSION},
                  synthetic=True)


def tumor_crop(phantom: Phantom, boxes: tuple[SliceBox, ...]) -> TumorCrop:
    """Return the crop around the boxes, computed without the rest of the CT."""
    area, hu = _around(phantom, boxes)
    return resampled_crop(hu, area, extent_in_voxels(boxes), phantom.grid.spacing)


def _around(phantom, boxes):
    """The voxels around the boxes that any of the embeddings sees: VoxelBox and HU."""
    area = crop_area(extent_in_voxels(boxes), phantom.grid.spacing, phantom.grid.shape)
    return area, phantom.hounsfield(area)


def _record(patient: SyntheticPatient, boxes) -> dict:
    ids = StudyIds(patient.patient_id)
    return {"PatientID": patient.patient_id, "age": patient.age, "sex": patient.sex, "race": patient.race,
            "smoking": patient.smoking, "cancer_type": patient.cancer_type, "icd_o_3": patient.icd_o_3,
            "stage_code": patient.stage_code, "StudyInstanceUID": ids.study, "CT_SeriesInstanceUID": ids.ct_series,
            "SR_SeriesInstanceUID": ids.sr_series, "center_SOPInstanceUID": ids.ct_slice(boxes[len(boxes) // 2].index)}
