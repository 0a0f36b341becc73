"""Filters by the columns of a patient table."""
import math

import cohort_factory
import numpy as np
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.filters import (
    CategoryFilter,
    RangeFilter,
    TextFilter,
    filter_mask,
    filters_from_text,
    filters_to_text,
    neutral_filter,
    usable_filters,
)
from TumorConnectomeLib.cohort.table_columns import ColumnKind, table_columns

AGES, SEXES, STAGES = [55, 60, 61, None, 70, 74], ["M", "F", "", "F", "M", "M"], [0, 1, 0, 6, None, 2]
CODES, SIZES = [8140, 8140, 8070, None, 8250, 8140], ["12.5", "8", "", "30", "9.25", "11"]
NAMES = ["Smith clinic", "North", "north east", "", "South", "East"]
COLUMNS = {"age": AGES, "sex": SEXES, "stage_code": STAGES, "icd_o_3": CODES, "size_mm": SIZES, "site": NAMES}


@pytest.fixture(scope="module")
def columns():
    return table_columns(cohort_factory.cohort(6, **COLUMNS))


def column(columns, key):
    return next(one for one in columns if one.key == key)


def kept(columns, *filters):
    return np.flatnonzero(filter_mask(columns, filters)).tolist()


# ---- columns

def test_each_column_gets_the_kind_that_fits(columns):
    assert {one.key: one.kind.value for one in columns} == {
        "age": "number", "sex": "category", "stage_code": "category", "icd_o_3": "category", "size_mm": "number",
        "site": "category", "facet:cancer_type": "category", "PatientID": "text"}


def test_codes_are_spelled_out_in_clinical_order(columns):
    stage, code = column(columns, "stage_code"), column(columns, "icd_o_3")
    assert stage.labels == ("IA", "IB", "IIA", "IV", "Unknown") and stage.categories == ("0", "1", "2", "6", "")
    assert code.labels == ("8070 Squamous cell carcinoma, NOS", "8140 Adenocarcinoma, NOS", "8250 Lepidic adenocarcinoma",
                           "Unknown")
    assert column(columns, "facet:cancer_type").labels == ("Adenocarcinoma", "Squamous cell", "Unknown")
    assert column(columns, "sex").labels == ("Female", "Male", "Unknown")


def test_limits_are_those_of_the_known_numbers(columns):
    assert column(columns, "age").limits == (55, 74) and column(columns, "age").whole
    assert column(columns, "size_mm").limits == (8, 30) and not column(columns, "size_mm").whole


def test_many_different_texts_and_uids_are_searched():
    count = 50
    columns = table_columns(cohort_factory.cohort(count, remark=[f"text {i}" for i in range(count)], empty=[""] * count,
                                                  CT_SeriesInstanceUID=[f"1.2.{i}" for i in range(count)]))
    assert {one.key: one.kind for one in columns} == dict.fromkeys(["remark", "CT_SeriesInstanceUID", "PatientID"],
                                                                   ColumnKind.TEXT)


def test_the_published_table_offers_all_that_is_in_it(real_data):
    cohort = cohort_factory.published_cohort(real_data)
    columns = table_columns(cohort)
    stage, group = column(columns, "stage_code"), column(columns, "facet:cancer_type")
    assert stage.labels == ("IA", "IB", "IIA", "IIB", "IIIA", "IIIB", "IV")
    assert filter_mask(columns, [CategoryFilter("stage_code", ("6",))]).sum() == 33
    counts = [int((group.values == name).sum()) for name in group.categories]
    assert counts == cohort.facets["cancer_type"].counts.tolist()
    assert all(filter_mask(columns, [neutral_filter(one)]).all() for one in columns)


# ---- masks

def test_a_range_includes_its_limits_and_leaves_out_the_unknown(columns):
    assert kept(columns, RangeFilter("age", 60, 70)) == [1, 2, 4]
    assert kept(columns, RangeFilter("age", 60, 70, missing=True)) == [1, 2, 3, 4]
    assert kept(columns, RangeFilter("size_mm", low=9.25)) == [0, 3, 4, 5]
    assert kept(columns, RangeFilter("age", high=60)) == [0, 1]
    assert kept(columns, RangeFilter("age", 70, 60)) == []


def test_categories_are_a_set_in_which_unknown_is_one(columns):
    assert kept(columns, CategoryFilter("sex", ("F",))) == [1, 3]
    assert kept(columns, CategoryFilter("sex", ("F", ""))) == [1, 2, 3]
    assert kept(columns, CategoryFilter("sex", ())) == []
    assert kept(columns, CategoryFilter("stage_code", ("0", "6"))) == [0, 2, 3]
    assert kept(columns, CategoryFilter("facet:cancer_type", ("Adenocarcinoma",))) == [0, 1, 4, 5]


def test_text_is_found_anywhere_without_regard_to_case(columns):
    assert kept(columns, TextFilter("PatientID", "p00")) == [0, 1, 2, 3, 4, 5]
    assert kept(columns, TextFilter("PatientID", " 003 ")) == [3]


def test_filters_are_combined_by_and(columns):
    assert kept(columns) == [0, 1, 2, 3, 4, 5]
    assert kept(columns, RangeFilter("age", 55, 70), CategoryFilter("sex", ("M",)), TextFilter("PatientID", "4")) == [4]


@pytest.mark.parametrize("kind", ["age", "sex", "stage_code", "size_mm", "PatientID"])
def test_a_new_filter_keeps_everybody(columns, kind):
    assert len(kept(columns, neutral_filter(column(columns, kind)))) == 6


def test_an_unknown_column_and_a_wrong_kind_are_named(columns):
    with pytest.raises(InputError, match="no column 'weight'; expected one of age, sex"):
        filter_mask(columns, [RangeFilter("weight", 1, 2)])
    with pytest.raises(InputError, match="column 'sex' is a category; expected a number"):
        filter_mask(columns, [RangeFilter("sex", 1, 2)])
    usable, others = usable_filters(columns, [RangeFilter("weight", 1), RangeFilter("age", 1), TextFilter("sex", "m")])
    assert usable == [RangeFilter("age", 1)] and others == [RangeFilter("weight", 1), TextFilter("sex", "m")]


# ---- text form

def test_the_text_form_gives_the_same_filters_back():
    filters = [RangeFilter("age", 60.5, math.inf, True), RangeFilter("x"), CategoryFilter("sex", ("M", "")),
               TextFilter("site", "a \"quoted\" \N{GREEK SMALL LETTER MU}")]
    text = filters_to_text(filters)
    assert filters_from_text(text) == filters and "\n" not in text
    assert filters_to_text([]) == "" and filters_from_text("") == filters_from_text("  ") == []


@pytest.mark.parametrize("text, message", [
    ("{", "not JSON"), ("5", "expected a list of filters"), ('["x"]', "row 1"), ('[{"kind":"range"}]', "row 1"),
    ('[{"kind":["range"],"column":"a"}]', "row 1"), ('[{"kind":"range","column":"a","low":"1"}]', "numbers as limits"),
    ('[{"kind":"range","column":"a","low":NaN}]', "numbers as limits"),
    ('[{"kind":"category","column":"a","values":[1]}]', "list of texts"),
    ('[{"kind":"category","column":"a"}]', "list of texts"),
    ('[{"kind":"text","column":"a","text":null}]', "a text"), ('[{"kind":"date","column":"a"}]', "range, category, text")])
def test_a_damaged_text_form_is_refused_in_one_line(text, message):
    with pytest.raises(InputError, match=message):
        filters_from_text(text)
