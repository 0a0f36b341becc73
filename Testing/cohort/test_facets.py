"""Facets: the published counts, clinical order, histological groups and unknown values."""
import math

import numpy as np
import pytest
from cohort_factory import published_cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Facet
from TumorConnectomeLib.cohort.facets import standard_facets
from TumorConnectomeLib.cohort.icd_o_3 import GROUPS, MORPHOLOGY, code_of_name, histological_group
from TumorConnectomeLib.readers.patient_table import normalized


def facets_of(**columns):
    """Facets of a table with these columns."""
    length = len(next(iter(columns.values())))
    return standard_facets(normalized([{"PatientID": i, **{name: values[i] for name, values in columns.items()}}
                                       for i in range(length)], source="test"))


def shown(facet):
    """Category of each patient, and all categories."""
    return [facet.categories[code] for code in facet.codes], facet.categories


def test_the_published_cohort_has_the_published_counts(real_data):
    facets = published_cohort(real_data).facets
    counts = {key: dict(zip(facet.categories, facet.counts.tolist())) for key, facet in facets.items()}
    assert list(counts) == ["sex", "age", "race", "smoking", "cancer_type", "stage", "body_side"]
    assert counts["sex"] == {"Male": 171, "Female": 118}
    assert counts["age"] == {"55-59": 69, "60-64": 84, "65-69": 81, "70-74": 55}
    assert counts["race"] == {"White": 262, "Black": 13, "Asian": 8, "Other": 5, "Unknown": 1}
    assert counts["smoking"] == {"Current": 169, "Former": 120}
    assert counts["cancer_type"] == {"Adenocarcinoma": 147, "Squamous cell": 73, "Small cell": 21, "Large cell": 10,
                                     "Neuroendocrine": 11, "NSCLC, NOS": 21, "Other": 6}
    assert counts["stage"] == {"IA": 153, "IB": 32, "IIA": 10, "IIB": 9, "IIIA": 30, "IIIB": 22, "IV": 33}
    assert counts["body_side"] == {"Left": 113, "Right": 176}


def test_every_published_code_and_name_agree(real_data):
    patients = published_cohort(real_data).patients
    assert {int(code) for code in patients["icd_o_3"]} <= set(MORPHOLOGY)
    for code, name in set(zip(patients["icd_o_3"], patients["cancer_type"])):
        assert histological_group(math.nan, name) == histological_group(code), (code, name)


def test_stages_stand_in_clinical_order():
    values, categories = shown(facets_of(stage_code=[6, 0, 3, None])["stage"])
    assert values == ["IV", "IA", "IIB", "Unknown"]
    assert categories == ("IA", "IB", "IIA", "IIB", "IIIA", "IIIB", "IV", "Unknown")
    assert facets_of(stage_code=[1])["stage"].ordered


@pytest.mark.parametrize(("age", "group"), [(54.9, "under 55"), (20, "under 55"), (55, "55-59"), (59.9, "55-59"), (60, "60-64"),
                                            (74.9, "70-74"), (75, "75 and over"), (120, "75 and over"), (None, "Unknown")])
def test_age_groups(age, group):
    assert shown(facets_of(age=[age])["age"])[0] == [group]


def test_age_groups_beyond_the_trial_are_listed_only_if_present():
    assert shown(facets_of(age=[60])["age"])[1] == ("55-59", "60-64", "65-69", "70-74")
    assert shown(facets_of(age=[40, 80])["age"])[1] == ("under 55", "55-59", "60-64", "65-69", "70-74", "75 and over")


@pytest.mark.parametrize(("code", "name", "group"), [
    (8042, "", "Small cell"), (math.nan, "Oat cell carcinoma", "Small cell"),
    (8560, "", "Other"), (math.nan, "Adenosquamous carcinoma", "Other"),
    (8046, "Non-small cell carcinoma", "NSCLC, NOS"), (math.nan, "Non-small cell carcinoma", "NSCLC, NOS"),
    (8013, "", "Neuroendocrine"), (8240, "", "Neuroendocrine"),
    (8012, "", "Large cell"), (8250, "", "Adenocarcinoma"), (8073, "", "Squamous cell"),
    (math.nan, " adenocarcinoma, nos ", "Adenocarcinoma"), (math.nan, "Some new carcinoma", "Other"),
    (9999, "", "Other"), (math.nan, "", None), (math.nan, "not told", None),
])
def test_histological_groups_follow_the_code(code, name, group):
    assert histological_group(code, name) == group


def test_every_code_belongs_to_a_group_and_every_name_to_its_code():
    assert {group for _name, group in MORPHOLOGY.values()} == set(GROUPS)
    assert all(code_of_name(name.upper()) == code for code, (name, _group) in MORPHOLOGY.items())


def test_spellings_of_sex_race_and_smoking_are_joined():
    facets = facets_of(sex=["M", "female", "F"], race=["white", "Black or African-American", "Native Hawaiian"],
                       smoking=["FORMER", "current", "Current"])
    assert shown(facets["sex"]) == (["Male", "Female", "Female"], ("Male", "Female"))
    assert shown(facets["race"]) == (["White", "Black", "Other"], ("White", "Black", "Asian", "Other"))
    assert shown(facets["smoking"]) == (["Former", "Current", "Current"], ("Current", "Former"))


def test_what_is_written_is_never_shown_as_unknown():
    facets = facets_of(sex=["X", "M", ""], smoking=["Never", "Pipe", ""])
    assert shown(facets["sex"]) == (["Other", "Male", "Unknown"], ("Male", "Female", "Other", "Unknown"))
    assert shown(facets["smoking"]) == (["Never", "Other", "Unknown"], ("Current", "Former", "Never", "Other", "Unknown"))


def test_missing_values_are_unknown_and_the_last_category():
    for facet in facets_of(sex=["", "M"], age=[None, 60], race=["", "White"], cancer_type=["", "Adenocarcinoma, NOS"]).values():
        assert facet.categories[-1] == "Unknown"
        assert facet.codes[0] == len(facet.categories) - 1
        assert facet.counts[-1] == 1


def test_body_sides_are_joined_and_stand_last():
    facets = facets_of(body_side=["L", "right", ""], sex=["M", "F", "F"])
    assert list(facets) == ["sex", "body_side"]
    assert shown(facets["body_side"]) == (["Left", "Right", "Unknown"], ("Left", "Right", "Unknown"))


def test_a_facet_without_its_column_is_left_out():
    assert list(facets_of(stage_code=[0], sex=["M"])) == ["sex", "stage"]
    assert facets_of(site=["Essen"]) == {}


@pytest.mark.parametrize("codes", [[0, 2], [-1, 0], [[0, 1]]])
def test_a_facet_with_a_code_outside_its_categories_is_refused(codes):
    with pytest.raises(InputError, match="facet 'side'"):
        Facet("side", "Side", ("Left", "Right"), codes)


def test_a_facet_can_not_be_changed():
    codes = np.array([0, 1])
    facet = Facet("side", "Side", ("Left", "Right"), codes)
    codes[0] = 1
    assert facet.codes.tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        facet.codes[0] = 1
