"""The synthetic cohort: labeled, deterministic, six facets, and embeddings whose neighbors look alike."""
import numpy as np
import pytest

from TumorConnectomeLib.base.files import checked_uid
from TumorConnectomeLib.cohort.cohort import PATIENT_COLUMNS
from TumorConnectomeLib.connectome.prepared import read_prepared
from TumorConnectomeLib.embedding.crop import crop_around
from TumorConnectomeLib.embedding.embed import Encoder
from TumorConnectomeLib.synthetic.cohort import GENERATOR_VERSION, build_cohort, patient_ids, tumor_crop
from TumorConnectomeLib.synthetic.descriptors import DESCRIPTORS
from TumorConnectomeLib.synthetic.lesion_boxes import annotate, lesion_box_lps
from TumorConnectomeLib.synthetic.patients import find_patient, synthetic_patients
from TumorConnectomeLib.synthetic.phantom import Phantom
from TumorConnectomeLib.synthetic.study_ids import StudyIds
from TumorConnectomeLib.synthetic.tumor_crop import SIZE, TumorCrop
from TumorConnectomeLib.synthetic.voxels import VoxelBox

NEIGHBORS = 5


@pytest.fixture(scope="module")
def cohort(demo_file):
    """As the worker that all processes of a run share made and stored it."""
    return read_prepared(demo_file).cohort


def nearest(embedding):
    """Rows of the nearest other patients by cosine distance, written without the project's own neighbors."""
    unit = embedding / np.linalg.norm(embedding.astype(float), axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -2)
    return np.argsort(-similarity, axis=1)[:, :NEIGHBORS]


def test_cohort_says_that_it_is_synthetic(cohort):
    assert cohort.name == "Synthetic demo cohort" and cohort.synthetic
    assert cohort.provenance["generator_version"] == GENERATOR_VERSION
    assert str(cohort.provenance["description"]).startswith("Synthetic")
    assert cohort.patient_ids == patient_ids() and len(patient_ids()) == 48 and patient_ids()[0] == "SYN-001"


def test_patient_table_has_all_columns_and_valid_unique_uids(cohort):
    assert set(PATIENT_COLUMNS) <= set(cohort.patients.columns)
    for column in PATIENT_COLUMNS:
        if column.endswith("UID"):
            uids = [checked_uid(value) for value in cohort.patients[column]]
            assert len(set(uids)) == len(uids) and all(value.startswith("2.25.") for value in uids)
    assert cohort.patients["age"].between(55, 74).all()


def test_the_central_slice_is_an_annotated_one(cohort):
    for patient in synthetic_patients()[:5]:
        annotated = {StudyIds(patient.patient_id).ct_slice(box.index) for box in annotate(Phantom(patient))}
        assert cohort.patients.loc[patient.patient_id, "center_SOPInstanceUID"] in annotated


def test_all_six_facets_vary(cohort):
    assert set(cohort.facets) == {"sex", "age", "race", "smoking", "cancer_type", "stage"}
    for facet in cohort.facets.values():
        assert np.count_nonzero(facet.counts) >= 3 or facet.key == "sex" and facet.counts.min() > 10


def test_some_values_are_missing_but_most_are_known(cohort):
    assert 0 < cohort.patients["stage_code"].isna().sum() < 8
    assert 0 < (cohort.patients["race"] == "").sum() < 8
    assert 0 < (cohort.patients["smoking"] == "").sum() < 8


def test_stage_grows_weakly_with_size(cohort):
    known = cohort.patients["stage_code"].notna().to_numpy()
    diameters = np.array([patient.tumor.diameter for patient in synthetic_patients()])[known]
    correlation = np.corrcoef(diameters, cohort.patients["stage_code"].to_numpy(float)[known])[0, 1]
    assert 0.1 < correlation < 0.8


def test_every_embedding_is_finite_and_differs_between_patients(cohort):
    assert set(cohort.embeddings) == {"IntensityHistogram", "ShapeDescriptor", "TextureDescriptor", "SeededRandomFeatures"}
    for values in cohort.embeddings.values():
        assert values.dtype == np.float32 and 32 <= values.shape[1] <= 128
        assert np.isfinite(values).all() and len(np.unique(values, axis=0)) == 48
        assert np.count_nonzero(values.std(axis=0) > 1e-4) > 30


@pytest.mark.parametrize("model", ["IntensityHistogram", "ShapeDescriptor", "TextureDescriptor"])
def test_neighbors_share_attenuation_far_more_often_than_chance(cohort, model):
    kinds = np.array([patient.tumor.attenuation for patient in synthetic_patients()])
    agreement = np.mean(kinds[nearest(cohort.embeddings[model])] == kinds[:, None])
    chance = np.mean(kinds[:, None] == kinds[None])
    assert agreement > chance + (0.3 if model == "IntensityHistogram" else 0.15)


def test_shape_neighbors_have_similar_size(cohort):
    size = np.log([patient.tumor.diameter for patient in synthetic_patients()])
    difference = np.mean(np.abs(size[nearest(cohort.embeddings["ShapeDescriptor"])] - size[:, None]))
    assert difference < 0.55 * np.mean(np.abs(size[:, None] - size[None]))


def test_one_patient_alone_gives_the_same_vectors_as_in_the_cohort(cohort):
    phantom = Phantom(find_patient("SYN-017"))
    crop = tumor_crop(phantom, annotate(phantom))
    for name, describe in DESCRIPTORS.items():
        assert np.array_equal(describe(crop), cohort.embeddings[name][cohort.row_of("SYN-017")])


def test_random_features_are_those_of_the_whole_ct(cohort):
    """A tumor of the cohort that is embedded again finds itself at distance 0, and from 3 mm beside still first."""
    phantom = Phantom(find_patient("SYN-004"))
    boxes, (slices, *plane) = annotate(phantom), phantom.grid.shape
    # whole slices, as far as any crop goes: a crop that took one of the others would not find itself
    drawn = VoxelBox((max(boxes[0].index - 8, 0), 0, 0), (min(boxes[-1].index + 8, slices), *plane))
    voxels = np.full((slices, *plane), -1024, np.int16)
    voxels[drawn.start[0]:drawn.stop[0]] = phantom.hounsfield(drawn)
    matrix = np.diag([*phantom.grid.spacing[::-1], 1.0])
    matrix[:3, 3] = phantom.grid.origin[::-1]
    center, encoder = lesion_box_lps(phantom).mean(axis=0), Encoder("SeededRandomFeatures")
    vectors = cohort.embeddings["SeededRandomFeatures"]
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for shift, largest in (((0, 0, 0), 1e-6), ((3, 0, 0), 0.003), ((0, 0, 3), 0.003)):
        vector = encoder.vector(crop_around(voxels, matrix, center + shift, encoder.model))
        distances = 1 - units @ (vector / np.linalg.norm(vector))
        assert distances.argmin() == cohort.row_of("SYN-004") and distances.min() < largest


def test_descriptors_follow_the_pixels():
    line = (np.arange(SIZE) - (SIZE - 1) / 2) * 1.25
    radius = np.sqrt(line[:, None, None] ** 2 + line[None, :, None] ** 2 + line[None, None, :] ** 2)
    crops = {(size, hu): TumorCrop(np.where(radius < size, hu, -860).astype(np.float32), np.full(3, float(size)))
             for size in (5, 6, 15) for hu in (40, -560)}
    for name, same, other in (("IntensityHistogram", (15, 40), (5, -560)), ("ShapeDescriptor", (6, 40), (15, 40)),
                              ("TextureDescriptor", (6, 40), (6, -560))):
        vectors = {key: DESCRIPTORS[name](crop) for key, crop in crops.items()}
        unit = {key: vector / np.linalg.norm(vector) for key, vector in vectors.items()}
        assert unit[5, 40] @ unit[same] > unit[5, 40] @ unit[other] + 0.1


def test_progress_runs_from_zero_to_one(cohort, monkeypatch):
    monkeypatch.setattr("TumorConnectomeLib.synthetic.cohort.synthetic_patients", lambda: synthetic_patients()[:5])
    reports = []
    made = build_cohort(lambda fraction, message: reports.append((fraction, message)))
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert "synthetic" in reports[0][1].lower()
    for model, values in made.embeddings.items():
        assert np.array_equal(values, cohort.embeddings[model][:5])
