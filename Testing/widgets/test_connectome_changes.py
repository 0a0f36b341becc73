"""Changes of the connectome in the view: gliding, other patients, none, large graphs."""
from dataclasses import replace

import numpy as np
import pytest
from at_rest import settle
from connectome_samples import clusters, coloring, graph, ring
from view_gestures import center_of, drag, has_color, image_pixels, key, move, pixels, press, turn_wheel

from TumorConnectomeLib.base.errors import InputError

# ---- changes of the connectome

def moved_ring(shift):
    sample = ring(12)
    sample.positions[:] = np.roll(sample.positions, shift, axis=0)
    return sample


def test_nodes_glide_to_their_new_places_and_the_selection_stays(view, clock):
    view.setSelected("P002")
    start, target = view.nodeCenter("P002"), view.nodeCenter("P010")
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    assert view.nodeCenter("P002") == pytest.approx(start, abs=1e-6)
    clock.advance(view, 0.25)
    middle = view.nodeCenter("P002")
    assert min(np.hypot(*np.subtract(middle, end)) for end in (start, target)) > 5
    clock.advance(view, 0.5)
    assert view.nodeCenter("P002") == pytest.approx(target)
    assert view.selected == "P002"
    assert has_color(view, target, 30, "#e0a100")


def test_switching_while_nodes_are_gliding_ends_at_the_last_connectome(view, clock):
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    clock.advance(view, 0.12)
    where = view.nodeCenter("P002")
    view.setConnectome(moved_ring(8), coloring(12), animate=True)
    assert view.nodeCenter("P002") == pytest.approx(where, abs=1e-6)    # no jump
    clock.advance(view, 0.12)
    view.setConnectome(ring(9), coloring(9), animate=True)           # other patients: at once
    now = view.nodeCenter("P002")
    clock.advance(view, 0.6)
    settle()
    assert view.nodeCenter("P002") == now and view.nodeCenter("P011") is None


def test_nodes_that_stay_where_they_are_do_not_glide(view):
    view.setConnectome(ring(12), coloring(12), animate=True)
    assert not view.canvas.moving
    view.setConnectome(ring(12, hub=True), coloring(12), animate=True)  # at the same places, of other sizes
    assert view.canvas.moving


def test_nothing_jumps_when_the_model_changes_while_nodes_are_gliding(view, clock):
    def state():
        geometry = view.canvas.geometry
        return np.column_stack([geometry.points, geometry.radii])
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    clock.advance(view, 0.2)
    for sample in (ring(12, hub=True), moved_ring(8), ring(12, k=4)):    # other places and, by other degrees, other sizes
        before = state()
        view.setConnectome(sample, coloring(12), animate=True)
        assert np.abs(state() - before).max() < 1
        clock.advance(view, 0.15)
        assert np.abs(state() - before).max() > 1 and view.canvas.moving
    clock.advance(view, 0.7)
    arrived = state()
    clock.advance(view, 0.06)
    settle()
    assert (state() == arrived).all() and not view.canvas.moving


def test_nodes_glide_for_half_a_second(view, clock):
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    clock.advance(view, 0.49)
    assert view.canvas.moving
    clock.advance(view, 0.02)
    assert not view.canvas.moving


def test_without_animation_nodes_are_at_their_new_places_at_once(view):
    target = view.nodeCenter("P010")
    view.setAnimated(False)
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    assert view.nodeCenter("P002") == pytest.approx(target) and not view.canvas.moving
    view.setAnimated(True)
    view.setConnectome(ring(12), coloring(12), animate=True)
    assert view.nodeCenter("P002") == pytest.approx(target, abs=8) and view.canvas.moving
    view.setAnimated(False)                                          # ends what is under way
    assert view.nodeCenter("P010") == pytest.approx(target) and not view.canvas.moving


def test_the_same_patients_in_another_order_start_where_they_are(view):
    before = {f"P{i:03d}": view.nodeCenter(f"P{i:03d}") for i in range(12)}
    sample = ring(12)
    turned = replace(sample, patient_ids=sample.patient_ids[::-1])
    view.setConnectome(turned, coloring(12), animate=True)
    for patient_id, where in before.items():
        assert view.nodeCenter(patient_id) == pytest.approx(where, abs=8)


def test_a_node_dragged_while_gliding_stays_under_the_pointer(view, clock):
    view.setConnectome(moved_ring(4), coloring(12), animate=True)
    start = view.nodeCenter("P002")
    drag(view, start, center_of(view))
    dropped = view.nodeCenter("P002")
    clock.advance(view, 0.6)
    assert view.nodeCenter("P002") == pytest.approx(dropped, abs=1)


def test_zoom_stays_for_the_same_patients_and_is_reset_for_others(view):
    turn_wheel(view, view.nodeCenter("P003"), 3)
    before = view.nodeCenter("P003")
    view.setConnectome(ring(12, k=3), coloring(12))
    assert view.nodeCenter("P003") == pytest.approx(before)
    view.setSelected("P011")
    view.setConnectome(ring(9), coloring(9))
    assert view.selected is None
    assert view.canvas.viewport.zoom == 1
    with pytest.raises(InputError):
        view.setConnectome(ring(9), coloring(8))


def test_an_empty_view_says_so_and_survives_every_event(view):
    view.setEmptyText("Nothing to see")
    empty = graph(np.zeros((0, 2)), [], [], [])
    for connectome, colors in ((None, None), (empty, coloring(0))):
        view.setConnectome(ring(12), coloring(12))
        view.setConnectome(connectome, colors, animate=True)
        image = pixels(view)
        assert (image.min(-1) < 200).sum() > 50                      # the text
        press(view, (100, 100))
        press(view, (100, 100), double=True)
        drag(view, (100, 100), (150, 150))
        turn_wheel(view, (100, 100), 2)
        move(view, (200, 200))
        key(view, "Escape")
        view.setSelected("P001")
        settle()
        assert view.selected is None and view.accessibleDescription == "Nothing to see"


@pytest.mark.parametrize("sample", [graph([[3.0, 4.0]], [], [], []), ring(2, k=0), ring(2), ring(3, k=0)])
def test_tiny_graphs_are_drawn_and_can_be_used(view, sample):
    count = len(sample.patient_ids)
    view.setConnectome(sample, coloring(count))
    for _ in range(3):
        turn_wheel(view, view.nodeCenter("P000"), 1)
    view.fit()
    press(view, view.nodeCenter("P000"))
    assert view.selected == "P000"
    assert has_color(view, view.nodeCenter("P000"), 30, "#e0a100")


# ---- large graphs

def test_a_large_graph_is_shifted_as_a_picture_while_it_moves_and_drawn_anew_at_rest(view):
    view.setConnectome(clusters(3000), coloring(3000))
    view.grab()
    canvas = view.canvas
    drawn = canvas._nodes.transform
    drag(view, (8, 8), (48, 2))                                     # from an empty place
    view.grab()
    assert canvas._nodes.transform == drawn != canvas.viewport.transform
    settle()
    view.grab()
    assert canvas._nodes.transform == canvas.viewport.transform


def test_a_click_in_a_large_graph_keeps_the_pictures_of_nodes_and_edges(view):
    view.setConnectome(clusters(3000), coloring(3000))
    view.grab()
    canvas = view.canvas
    kept = canvas._nodes.content, canvas._edges.content
    view.setGroup(["P0100", "P101", "P102"])
    view.setSelected("P2000")
    shown = pixels(view)
    assert (canvas._nodes.content, canvas._edges.content) == kept
    canvas.refresh()
    assert (pixels(view) == shown).all(), "as if everything had been drawn anew"
    view.setSelected(None)
    view.setGroup([])
    assert not (pixels(view) == shown).all()


def test_layers_of_a_large_graph_look_like_the_graph_drawn_at_once(view):
    import qt

    from TumorConnectomeLib.widgets.surface import Surface
    view.setConnectome(clusters(1200, k=2), coloring(1200))
    view.setSelected("P700")
    view.setGroup(["P100", "P101", "P102"])
    layered, whole = view.grab(), view.grab()
    painter = qt.QPainter(whole)
    view.canvas.paint_new(Surface(painter))
    painter.end()
    first, second = (image_pixels(picture.toImage()) for picture in (layered, whole))
    assert (np.abs(first - second).max(axis=-1) > 48).mean() < 0.02
