"""Numeric columns as facets: limits of bins, names, quartiles, color scales, and that evaluation grades them."""
import numpy as np
import pandas as pd
import pytest
from cohort_factory import cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.cohort.cohort import Facet
from TumorConnectomeLib.cohort.column_facets import column_facet, column_facets, numeric_facet, quantile_facet
from TumorConnectomeLib.cohort.facets import standard_facets
from TumorConnectomeLib.cohort.numeric_bins import MOST_BINS, bin_names, bin_of, is_logarithmic, quantile_edges, round_edges
from TumorConnectomeLib.connectome.analysis import analyze
from TumorConnectomeLib.connectome.prepared import PreparedCohort, read_prepared, write_prepared
from TumorConnectomeLib.evaluation.relevance import relevance_of
from TumorConnectomeLib.presentation.coloring import coloring_of
from TumorConnectomeLib.readers.patient_table import normalized


def column(values):
    return pd.Series(values, dtype=float if not any(isinstance(value, str) for value in values) else object)


@pytest.mark.parametrize(("low", "high", "edges"), [
    (3, 38, (0, 10, 20, 30, 40)), (0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
    (101, 104.5, (101, 101.5, 102, 102.5, 103, 103.5, 104, 104.5)),
    (-12, 7, (-15, -10, -5, 0, 5, 10)), (5, 5, (5, 5.1))])
def test_limits_are_round_and_hold_all_values(low, high, edges):
    assert round_edges(np.array([low, high], float)) == pytest.approx(edges)


def test_limits_of_any_values_hold_them_in_few_bins():
    rng = np.random.default_rng(0)
    for _ in range(300):
        values = rng.normal(rng.uniform(-1e3, 1e3), 10 ** rng.uniform(-6, 6), rng.integers(1, 50))
        edges = round_edges(values)
        assert edges[0] <= values.min() and values.max() <= edges[-1] and 1 <= len(edges) - 1 <= MOST_BINS
        assert list(edges) == sorted(set(edges))
        names = bin_names(edges)
        assert len(set(names)) == len(edges) - 1
        positive = np.exp(rng.normal(0, 4, 40))
        edges = round_edges(positive, logarithmic=True)
        assert edges[0] <= positive.min() and positive.max() <= edges[-1] and 1 <= len(edges) - 1 <= MOST_BINS


def test_widely_spread_positive_numbers_get_logarithmic_limits():
    volumes = np.geomspace(0.12, 19, 60)
    assert is_logarithmic(volumes) and not is_logarithmic(-volumes) and not is_logarithmic(np.linspace(50, 80, 9))
    assert round_edges(volumes, logarithmic=True) == (0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


def test_a_limit_belongs_to_the_bin_above_it_and_the_last_one_to_the_last_bin():
    assert bin_of(np.array([0, 9.99, 10, 20, np.nan]), (0, 10, 20)).tolist() == [0, 0, 1, 1, -1]


def test_quartiles_hold_as_many_patients_each_and_fewer_where_values_repeat():
    values = np.arange(1, 101.0)
    counts = np.bincount(bin_of(values, quantile_edges(values)))
    assert len(counts) == 4 and counts.min() >= 24
    assert len(quantile_edges(np.array([1.0] * 9 + [2.0]))) == 2
    assert quantile_edges(np.array([3.0, 3.0])) == (3.0, 3.0)


def test_a_column_of_numbers_becomes_ordered_bins_and_its_gaps_unknown():
    facet = column_facet("diameter", column([*np.arange(3, 39), np.nan, 7.5]))
    assert facet.categories == ("0 to 10", "10 to 20", "20 to 30", "30 to 40", "Unknown")
    assert facet.ordered and facet.counts.tolist() == [8, 10, 10, 9, 1]
    assert np.isnan(facet.numbers[-2]) and facet.numbers[-1] == 7.5 and facet.edges == (0, 10, 20, 30, 40)


def test_few_numbers_and_texts_are_categories_in_natural_order():
    facet = column_facet("slice_thickness", column([10, 2.5, 2, np.nan, 2.5]))
    assert facet.categories == ("2", "2.5", "10", "Unknown") and facet.ordered and facet.numbers is None
    texts = column_facet("site", column(["Essen", "Bern", "", "Bern"]))
    assert texts.categories == ("Bern", "Essen", "Unknown") and not texts.ordered
    assert texts.codes.tolist() == [1, 0, 2, 0]


def test_what_tells_nobody_apart_makes_no_facet():
    patients = pd.DataFrame({"one": ["a"] * 30, "SomeUID": [f"1.{i}" for i in range(30)],
                             "free": [f"text {i}" for i in range(30)],
                             "empty": [""] * 30, "sex": ["M", "F"] * 15, "number": np.arange(30.0)})
    assert list(column_facets(patients, covered={"sex"})) == ["number"]


def test_rare_values_can_be_joined():
    values = [f"kernel {i}" for i in range(25) for _ in range(25 - i)]
    facet = column_facet("kernel", column(values), join_rare=True)
    assert len(facet.categories) == 12 and facet.categories[-1] == "Other values"
    assert facet.counts[-1] == sum(25 - i for i in range(11, 25))


def test_other_columns_of_a_patient_table_are_facets_after_the_standard_ones():
    table = normalized([{"PatientID": i, "sex": "MF"[i % 2], "packyears": i * 3.5, "site": "AB"[i % 2]} for i in range(10, 30)],
                       source="test")
    facets = standard_facets(table)
    assert list(facets) == ["sex", "packyears", "site"]
    assert facets["packyears"].numbers.tolist() == [i * 3.5 for i in range(10, 30)]


def test_age_keeps_its_groups_and_knows_its_years():
    table = normalized([{"PatientID": i, "age": age} for i, age in enumerate([50, 57, 74, None])], source="test")
    age = standard_facets(table)["age"]
    assert age.categories[:2] == ("under 55", "55-59") and age.edges == (0, 55, 60, 65, 70, 75)
    np.testing.assert_array_equal(age.numbers, [50, 57, 74, np.nan])
    assert standard_facets(normalized([{"PatientID": 1, "age": None}], source="test"))["age"].numbers is None


def test_quartiles_of_a_facet_keep_its_numbers_and_say_so():
    facet = numeric_facet("volume", "Volume (mL)", np.append(np.geomspace(0.1, 90, 40), np.nan))
    assert facet.logarithmic
    quartiles = quantile_facet(facet)
    assert quartiles.title == "Volume (mL), quartiles" and quartiles.counts.tolist()[-1] == 1
    assert max(quartiles.counts[:4]) - min(quartiles.counts[:4]) <= 2 and quartiles.logarithmic
    plain = Facet("sex", "Sex", ("Male", "Female"), [0, 1])
    assert quantile_facet(plain) is plain


def test_a_continuous_scale_colors_by_number_and_its_sections_are_the_bins():
    numbers = np.append(np.linspace(0, 40, 81), np.nan)
    facet = numeric_facet("size", "Size (mm)", numbers)
    coloring = coloring_of(facet)
    for dark in (False, True):
        codes, colors = coloring.patient_colors(dark)
        assert codes[0] == 0 and codes[80] == len(colors) - 2 and codes[81] == len(colors) - 1
        assert (np.diff(codes[:81]) >= 0).all() and len(set(colors)) > 40
        joined = [coloring.scale.section(place, dark) for place in range(len(facet.edges) - 1)]
        assert joined[0][0] == colors[0] and joined[-1][-1] == colors[-2]
        assert all(one[-1] == other[0] for one, other in zip(joined, joined[1:]))
        assert coloring.scale.section(facet.categories.index("Unknown"), dark) == colors[-1:]
    assert coloring_of(facet, continuous=False).scale is None


def test_a_logarithmic_scale_tells_small_numbers_apart():
    facet = numeric_facet("volume", "Volume", np.array([0.1, 1, 10, 100, *np.geomspace(0.1, 100, 30)]))
    codes, _ = coloring_of(facet).patient_colors(False)
    assert np.ptp(np.diff(codes[:4])) <= 1


def test_one_known_number_has_a_color():
    codes, colors = coloring_of(numeric_facet("size", "Size", np.array([5.0, np.nan]))).patient_colors(False)
    assert codes.tolist() == [0, len(colors) - 1]


def test_bins_have_graded_relevance():
    gains = relevance_of(column_facet("diameter", column([*np.arange(3, 39), np.nan]))).gains
    np.testing.assert_allclose(gains[0], [1, 2 / 3, 1 / 3, 0])


def test_numbers_survive_the_cache(tmp_path):
    made = cohort(12)
    facet = numeric_facet("size", "Size (mm)", np.append(np.geomspace(1, 90, 11), np.nan), "Note.")
    made = type(made)(made.name, made.patients, made.embeddings, {"size": facet}, made.provenance)
    write_prepared(tmp_path / "a.npz", PreparedCohort(made, analyze(made)))
    read = read_prepared(tmp_path / "a.npz").cohort.facets["size"]
    np.testing.assert_array_equal(read.numbers, facet.numbers)
    assert (read.edges, read.logarithmic, read.categories, read.note) == (
        facet.edges, facet.logarithmic, facet.categories, facet.note)


@pytest.mark.parametrize(("numbers", "edges"), [([1.0], (0, 1)), ([1.0, 2.0], (1,)), ([1.0, 2.0], (2, 1))])
def test_numbers_that_do_not_fit_their_bins_are_refused(numbers, edges):
    with pytest.raises(InputError, match="do not fit its bins"):
        Facet("size", "Size", ("a",), [0, 0], numbers=np.array(numbers), edges=edges)
