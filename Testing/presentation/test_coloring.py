"""Palettes: color-blind people can tell every two categories apart, on light and on dark backgrounds."""
import itertools

import numpy as np
import pytest

from TumorConnectomeLib.cohort.cohort import Facet
from TumorConnectomeLib.presentation.coloring import coloring_of, palette, single_coloring

#: severity 1.0 of Machado, Oliveira & Fernandes (2009), table 1, in linear RGB
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
#: smallest CIEDE2000 distance of any two categories, under every kind of vision (1 is just noticeable side by side)
UNORDERED_MINIMUM, ORDERED_MINIMUM = 15.0, 10.0
NAMES = tuple("ABCDEFG")


def lab(color, vision):
    rgb = np.array([int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(VISION[vision]) @ linear, 0, 1)
    xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                    [0.0193339, 0.1191920, 0.9503041]]) @ linear / (0.95047, 1, 1.08883)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(first, second):
    """Sharma, Wu & Dalal (2005), with unit weights."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean ** 7 / (mean ** 7 + 25.0 ** 7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    gray = c1 * c2 == 0
    turn = 0.0 if gray else (h2 - h1 + 180) % 360 - 180
    delta_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    if gray:
        mean_h = h1 + h2
    elif abs(h1 - h2) <= 180:
        mean_h = (h1 + h2) / 2
    else:
        mean_h = (h1 + h2 + (360 if h1 + h2 < 360 else -360)) / 2
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2
    t = (1 - 0.17 * np.cos(np.radians(mean_h - 30)) + 0.24 * np.cos(np.radians(2 * mean_h))
         + 0.32 * np.cos(np.radians(3 * mean_h + 6)) - 0.20 * np.cos(np.radians(4 * mean_h - 63)))
    s_l = 1 + 0.015 * (mean_l - 50) ** 2 / np.sqrt(20 + (mean_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    r_t = -2 * np.sqrt(mean_c ** 7 / (mean_c ** 7 + 25.0 ** 7)) * np.sin(np.radians(60 * np.exp(-((mean_h - 275) / 25) ** 2)))
    parts = (l2 - l1) / s_l, (c2 - c1) / s_c, delta_h / s_h
    return np.sqrt(sum(part ** 2 for part in parts) + r_t * parts[1] * parts[2])


def smallest_distance(colors):
    return min(ciede2000(lab(a, vision), lab(b, vision)) for a, b in itertools.combinations(colors, 2) for vision in VISION)


@pytest.mark.parametrize("first, second, distance", [       # rows 1, 7, 17 and 25 of Sharma's test data
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425), ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.5, 0), (73, 25, -18), 27.1492), ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644)])
def test_the_distance_formula_agrees_with_published_values(first, second, distance):
    assert ciede2000(first, second) == pytest.approx(distance, abs=1e-4)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ordered, minimum", [(False, UNORDERED_MINIMUM), (True, ORDERED_MINIMUM)])
@pytest.mark.parametrize("known", [2, 3, 4, 5, 6, 7])
def test_color_blind_people_tell_any_two_categories_apart(known, ordered, minimum, dark):
    colors = palette((*NAMES[:known], "Unknown"), ordered, dark)
    assert smallest_distance(colors) >= minimum


@pytest.mark.parametrize("dark, background", [(False, "#ffffff"), (True, "#2b2b2b")])
@pytest.mark.parametrize("ordered", [False, True])
def test_later_steps_of_an_ordered_palette_contrast_more_and_all_are_visible(ordered, dark, background):
    ground = lab(background, "normal")[0]
    contrast = np.abs([lab(color, "normal")[0] - ground for color in palette((*NAMES, "Unknown"), ordered, dark)])
    assert contrast.min() > 8
    if ordered:
        assert (np.diff(contrast[:-1]) > 0).all()


def test_unknown_is_gray_wherever_it_stands():
    for dark in (False, True):
        for names in (("A", "Unknown"), ("Unknown", "A"), ("Unknown",)):
            color = dict(zip(names, palette(names, False, dark)))["Unknown"]
            assert color[1:3] == color[3:5] == color[5:7]


def test_many_categories_all_get_a_color_of_their_own():
    for ordered in (False, True):
        colors = palette(tuple(f"C{i}" for i in range(20)), ordered, False)
        assert len(set(colors)) == 20
        assert all(len(color) == 7 and int(color[1:], 16) >= 0 for color in colors)


def test_coloring_takes_counts_and_names_from_the_facet():
    facet = Facet("stage", "Stage (AJCC 6th edition)", ("IA", "IB", "Unknown"), np.array([0, 0, 2, 1, 0]), ordered=True)
    coloring = coloring_of(facet)
    assert (coloring.title, coloring.categories) == ("Stage (AJCC 6th edition)", ("IA", "IB", "Unknown"))
    assert coloring.counts.tolist() == [3, 1, 1]
    assert coloring.codes.tolist() == [0, 0, 2, 1, 0]
    assert coloring.colors(True) == palette(facet.categories, True, True) != coloring.colors(False)


def test_a_cohort_without_facets_has_one_color():
    coloring = single_coloring(4)
    assert coloring.counts.tolist() == [4]
    assert len(coloring.light) == len(coloring.dark) == 1
