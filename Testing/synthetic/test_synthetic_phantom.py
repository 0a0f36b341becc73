"""The phantom: bit-identical crops, determinism, plausible anatomy and the nodule that was asked for."""
import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.base.files import LIBRARY_FOLDER
from TumorConnectomeLib.synthetic.lesion_boxes import annotate, extent_in_voxels
from TumorConnectomeLib.synthetic.patients import find_patient, synthetic_patients
from TumorConnectomeLib.synthetic.phantom import Phantom, whole_ct
from TumorConnectomeLib.synthetic.tumor_crop import crop_area
from TumorConnectomeLib.synthetic.voxels import VoxelBox

PATIENT = "SYN-038"


@pytest.fixture(scope="module")
def phantom():
    return Phantom(find_patient(PATIENT))


@pytest.fixture(scope="module")
def ct(phantom):
    return np.concatenate([hu for _, hu in whole_ct(phantom)])


def tumor_area(phantom):
    return crop_area(extent_in_voxels(annotate(phantom)), phantom.grid.spacing, phantom.grid.shape)


def cut(ct, box):
    return ct[tuple(slice(a, b) for a, b in zip(box.start, box.stop))]


def test_tumor_crop_equals_the_same_part_of_the_whole_ct(phantom, ct):
    area = tumor_area(phantom)
    assert np.array_equal(Phantom(find_patient(PATIENT)).hounsfield(area), cut(ct, area))


@pytest.mark.parametrize("box", [VoxelBox((0, 0, 0), (3, 40, 320)), VoxelBox((41, 131, 97), (48, 182, 260)),
                                 VoxelBox((60, 200, 150), (61, 201, 151)), VoxelBox((85, 37, 279), (92, 320, 320))])
def test_any_crop_equals_the_same_part_of_the_whole_ct(phantom, ct, box):
    assert np.array_equal(phantom.hounsfield(box), cut(ct, box))


def test_pixels_are_the_same_in_another_process_with_other_hash_seed(phantom):
    code = ("import hashlib\nfrom TumorConnectomeLib.synthetic.phantom import Phantom\n"
            "from TumorConnectomeLib.synthetic.patients import find_patient\n"
            "from TumorConnectomeLib.synthetic.voxels import VoxelBox\n"
            f"hu = Phantom(find_patient('{PATIENT}')).hounsfield(VoxelBox((30, 100, 40), (36, 200, 200)))\n"
            "print(hashlib.sha256(hu.tobytes()).hexdigest())")
    environment = {**os.environ, "PYTHONPATH": str(LIBRARY_FOLDER), "PYTHONHASHSEED": "77"}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
    here = phantom.hounsfield(VoxelBox((30, 100, 40), (36, 200, 200)))
    assert other.strip() == hashlib.sha256(here.tobytes()).hexdigest()


def test_lungs_air_and_bone_have_plausible_volume_and_density(phantom, ct):
    voxel_ml = np.prod(phantom.grid.spacing) / 1000
    lung_l = np.count_nonzero((ct > -950) & (ct < -650)) * voxel_ml / 1000
    bone_ml = np.count_nonzero(ct > 250) * voxel_ml
    assert 2.5 < lung_l < 8
    assert 250 < bone_ml < 2500
    assert abs(np.median(ct[:, :8, :8]) + 1000) < 3
    assert ct.dtype == np.int16 and ct.min() >= -1024 and ct.max() <= 3071


def test_both_lungs_widen_from_apex_to_base(phantom, ct):
    air = (ct > -950) & (ct < -650)
    middle = int(round(phantom.grid.to_index(np.zeros(3))[2]))
    for half in (air[:, :, :middle], air[:, :, middle:]):
        area = half.sum(axis=(1, 2)) * np.prod(phantom.grid.spacing[1:])
        top = int(phantom.grid.to_index(np.array([228.0, 0, 0]))[0])
        waist = int(phantom.grid.to_index(np.array([110.0, 0, 0]))[0])
        assert 0 < area[top] < 0.5 * area[waist]
        assert area[int(phantom.grid.to_index(np.array([-15.0, 0, 0]))[0])] < 0.3 * area[waist]


def test_noise_is_correlated_by_the_kernel_and_differs_between_slices(phantom, ct):
    air = ct[:, 2:30, 2:318].astype(float)
    assert abs(np.corrcoef(air[10].ravel(), air[11].ravel())[0, 1]) < 0.1
    neighbors = np.corrcoef(air[10][:, :-1].ravel(), air[10][:, 1:].ravel())[0, 1]
    center, beside = phantom.protocol.kernel.weights
    assert neighbors == pytest.approx(2 * center * beside, abs=0.1)


@pytest.mark.parametrize("patient", synthetic_patients()[::4], ids=lambda patient: patient.patient_id)
def test_nodule_has_the_side_size_and_attenuation_asked_for(patient):
    phantom = Phantom(patient)
    box, mask = phantom.nodule_mask()
    voxels = np.argwhere(mask) + box.start
    x = phantom.grid.origin[2] + voxels[:, 2] * phantom.grid.spacing[2]
    assert (x.mean() > phantom.grid.body[2]) == (patient.tumor.side == "left")          # LPS: x grows to the left
    size = ((np.ptp(voxels, axis=0) + 1) * phantom.grid.spacing).mean()
    assert 0.65 * patient.tumor.diameter < size < 1.8 * patient.tumor.diameter
    hu = phantom.hounsfield(box)[mask]
    dense = np.mean(hu > -250)
    if patient.tumor.attenuation == "ground-glass":
        assert -680 < np.median(hu) < -430 and dense < 0.15
    elif patient.tumor.attenuation == "solid":
        assert dense > 0.6
    else:
        assert 0.03 < dense < 0.75


def test_all_kinds_of_nodule_occur():
    tumors = [patient.tumor for patient in synthetic_patients()]
    assert {t.attenuation for t in tumors} == {"solid", "part-solid", "ground-glass"}
    assert {t.margin for t in tumors} == {"smooth", "lobulated", "spiculated"}
    assert {t.side for t in tumors} == {"left", "right"}
    assert {t.pleural for t in tumors} == {True, False}
    diameters = [t.diameter for t in tumors]
    assert 6 <= min(diameters) < 8 and 35 < max(diameters) <= 40


def test_unknown_patient_is_refused_by_name():
    with pytest.raises(InputError, match="no synthetic patient 'SYN-999'; expected SYN-001 to SYN-048"):
        find_patient("SYN-999")
