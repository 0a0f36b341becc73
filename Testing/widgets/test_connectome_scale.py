"""Patients colored by number: every node has the shade of its number, and the legend shows the scale."""
import numpy as np
from connectome_samples import ring
from view_gestures import legend_entry, pixel, pixels, press, rgb_of

from TumorConnectomeLib.cohort.column_facets import numeric_facet
from TumorConnectomeLib.presentation.coloring import coloring_of

NUMBERS = np.append(np.linspace(0, 30, 11), np.nan)


def shown(view, continuous=True):
    coloring = coloring_of(numeric_facet("size", "Size (mm)", NUMBERS), continuous)
    view.setConnectome(ring(12), coloring)
    return coloring


def test_nodes_have_the_shade_of_their_number_and_gray_without_one(view):
    codes, colors = shown(view).patient_colors(False)
    for node in (0, 3, 7, 10, 11):
        assert abs(pixel(view, view.nodeCenter(f"P{node:03d}")) - rgb_of(colors[codes[node]])).max() <= 2
    assert colors[codes[11]] == "#c8c8c8"


def test_the_legend_shows_each_bin_as_its_part_of_the_scale(view):
    coloring = shown(view)
    upright = view.canvas.legend.entry_box(1)[1] > view.canvas.legend.entry_box(0)[1]
    image = pixels(view)
    for category in range(2):
        left, top, _, height = (round(value) for value in view.canvas.legend.entry_box(category))
        box = image[top:top + height, left + 5:left + 15]
        line = box[:, 5] if upright else box[round(height / 2), :]
        shades = coloring.scale.section(category, False)
        for shade in (shades[0], shades[-1]):
            assert np.abs(line - rgb_of(shade)).max(axis=1).min() <= 40
        assert np.abs(line - rgb_of(shades[0])).sum(axis=1).argmin() < np.abs(line - rgb_of(shades[-1])).sum(axis=1).argmin()


def test_a_click_on_a_part_of_the_scale_grays_its_patients(view):
    coloring = shown(view)
    press(view, legend_entry(view, 1))
    assert view.hiddenCategories == {coloring.categories[1]}
    low, high = (float(text) for text in coloring.categories[1].split(" to "))
    inside = (low <= NUMBERS) & (high > NUMBERS)
    assert [not lit for lit in view.canvas.state.lit] == inside.tolist()


def test_in_steps_all_patients_of_a_bin_have_one_color(view):
    coloring = shown(view, continuous=False)
    codes = coloring.codes
    same = np.flatnonzero(codes == codes[0])
    assert len(same) > 1
    for node in same:
        assert abs(pixel(view, view.nodeCenter(f"P{node:03d}")) - rgb_of(coloring.light[codes[0]])).max() <= 2
