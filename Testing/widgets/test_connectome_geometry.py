"""Viewport, node and edge geometry, label placement, motion: what the view computes without Qt."""
import numpy as np
import pytest
from connectome_samples import graph, ring

from TumorConnectomeLib.widgets.graph_geometry import GraphGeometry, Pose, Tween, Viewport, home_of, inside, overlap_layers
from TumorConnectomeLib.widgets.labels import Discs, keep_labels, place_labels


def viewport(points, width=400, height=300):
    result = Viewport()
    result.set_area(0, 0, width, height)
    result.set_home(home_of(points))
    return result


POINTS = np.array([[-2.0, -1.0], [2.0, 1.0], [0.5, 0.25]])


def test_fit_shows_all_points_with_y_up():
    view = viewport(POINTS)
    pixels = view.to_pixels(POINTS)
    assert pixels[0] == pytest.approx((0, 250))             # lower left: 400 / 4 pixels per unit
    assert pixels[1] == pytest.approx((400, 50))
    assert view.to_layout(pixels) == pytest.approx(POINTS)


def test_zoom_keeps_the_layout_point_under_the_pointer():
    view = viewport(POINTS)
    view.pan(13, -29)
    for factor in (1.7, 0.3, 5.0):
        before = view.to_layout((111, 222))
        view.zoom_at(111, 222, factor)
        assert view.to_layout((111, 222)) == pytest.approx(before)


def test_zoom_stops_at_its_limits_which_are_wider_for_big_graphs():
    view = viewport(POINTS)
    view.zoom_at(0, 0, 1e9)
    assert view.zoom == 6
    view.zoom_at(0, 0, 1e-9)
    assert view.zoom == 0.15
    view.set_node_count(30_000)
    view.zoom_at(0, 0, 1e9)
    assert view.zoom == pytest.approx(60)


def test_pan_moves_by_pixels_and_fit_undoes_it():
    view = viewport(POINTS)
    before = view.to_pixels(POINTS)
    view.pan(10, 20)
    assert view.to_pixels(POINTS) - before == pytest.approx(np.tile([10, 20], (3, 1)))
    view.fit()
    assert view.to_pixels(POINTS) == pytest.approx(before)


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.array([[5.0, 7.0]]), np.array([[1.0, 1.0], [1.0, 1.0]]),
                                    np.array([[0.0, 0.0], [3.0, 0.0]])])
def test_degenerate_layouts_are_centered(points):
    view = viewport(points)
    assert np.isfinite(view.transform).all()
    if len(points):
        assert view.to_pixels(points).mean(0) == pytest.approx((200, 150))


def geometry(count=12, **options):
    result = GraphGeometry(ring(count, **options))
    result.project(viewport(result.positions))
    return result


def test_node_hit_test_finds_each_node_at_its_center_and_nothing_between():
    graph = geometry()
    assert [graph.node_at(*point) for point in graph.points] == list(range(12))
    assert graph.node_at(200, 150) is None


def test_of_two_nodes_at_one_place_the_smaller_is_hit_at_its_center():
    graph = geometry()
    graph.points[1], graph.radii[:2] = graph.points[0] + (12, 0), (25, 4)
    assert graph.node_at(*graph.points[1]) == 1
    assert graph.node_at(*graph.points[0]) == 0


def test_edge_hit_test_takes_the_nearest_edge_within_reach():
    graph = geometry()
    edges = np.arange(len(graph.connectome.sources))
    middle = (graph.points[graph.connectome.sources] + graph.points[graph.connectome.targets]) / 2
    for edge in (0, 7):
        found = graph.edge_at(*middle[edge], edges)
        ends = {graph.connectome.sources[found], graph.connectome.targets[found]}
        assert ends == {graph.connectome.sources[edge], graph.connectome.targets[edge]}
    assert graph.edge_at(200, 150, edges) is None
    assert graph.edge_at(*middle[0], edges[:0]) is None


def test_arrows_run_from_rim_to_rim_and_vanish_between_touching_nodes():
    graph = geometry()
    starts, bases, tips, normals = graph.arrows(np.arange(1), 5.0)
    source, target = graph.connectome.sources[0], graph.connectome.targets[0]
    assert np.hypot(*(starts[0] - graph.points[source])) == pytest.approx(graph.radii[source])
    assert np.hypot(*(tips[0] - graph.points[target])) == pytest.approx(graph.radii[target])
    assert np.hypot(*(tips[0] - bases[0])) == pytest.approx(5)
    assert (tips[0] - bases[0]) @ normals[0] == pytest.approx(0)
    graph.points[target] = graph.points[source]
    assert len(graph.arrows(np.arange(1), 5.0)[0]) == 0


@pytest.mark.parametrize("count", [2, 40, 289, 5000])
def test_nodes_never_cover_more_than_a_sixth_of_the_area(count):
    graph = GraphGeometry(ring(count))
    view = viewport(graph.positions, 700, 700)
    graph.project(view)
    assert np.pi * (graph.radii ** 2).sum() <= 700 * 700 / 6
    assert graph.radii.min() >= 1


def test_only_the_strongest_visible_edges_are_drawn_and_the_strongest_last():
    graph = geometry(20)
    weights = graph.connectome.weights
    drawn = graph.visible_edges(400, 300, 5)
    assert sorted(weights[drawn]) == sorted(weights)[-5:]
    assert (np.diff(weights[drawn]) >= 0).all()
    graph.points += 10_000
    assert not len(graph.visible_edges(400, 300, 5))
    assert not len(graph.visible_nodes(400, 300))


def test_overlapping_discs_are_in_different_layers_later_ones_above():
    centers, radii = np.array([[0.0, 0], [5.0, 0], [8.0, 0], [50.0, 0]]), np.full(4, 4.0)
    assert overlap_layers(centers, radii).tolist() == [0, 1, 2, 0]
    assert overlap_layers(centers[:0], radii[:0]).tolist() == []


def test_hubs_have_half_the_largest_degree_largest_first():
    graph = GraphGeometry(ring(9, hub=True))
    assert graph.hubs[0] == 0
    assert all(2 * graph.degree[hub] >= graph.degree.max() for hub in graph.hubs)
    assert len(GraphGeometry(ring(3, k=0)).hubs) == 0


def overlapping(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


@pytest.mark.parametrize("far", [False, True, None])
def test_labels_never_overlap_each_other_an_obstacle_or_the_border(far):
    random = np.random.default_rng(3)
    anchors, obstacle = random.uniform(0, 400, (80, 2)), (250.0, 0.0, 150.0, 120.0)
    radii, sizes = np.full(80, 5.0), np.tile([48.0, 14.0], (80, 1))
    if far is None:                                         # the nodes have moved since the labels were placed
        offsets = random.uniform(-40, 10, (80, 2))
        placed = keep_labels(anchors, offsets, sizes, (0, 0, 400, 400), [obstacle])
        assert all(rect[:2] == pytest.approx(anchor + offset) for rect, anchor, offset in zip(placed, anchors, offsets) if rect)
    else:
        discs = Discs(anchors, radii, np.ones(80))
        placed = place_labels(anchors, radii, sizes, (0, 0, 400, 400), [obstacle], discs, np.full(80, far))
    rects = [rect for rect in placed if rect is not None]
    assert len(rects) > 30
    for n, rect in enumerate(rects):
        assert rect[0] >= 0 and rect[1] >= 0 and rect[0] + rect[2] <= 400 and rect[1] + rect[3] <= 400
        assert not any(overlapping(rect, other) for other in [obstacle, *rects[n + 1:]])


def test_the_first_label_wins_and_a_free_side_is_preferred():
    anchors, radii, sizes = np.array([[100.0, 100.0], [101.0, 100.0]]), np.full(2, 4.0), np.tile([200.0, 14.0], (2, 1))
    placed = place_labels(anchors, radii, sizes, (95, 80, 220, 27))
    assert placed[0] is not None and placed[1] is None
    beside = Discs(np.array([[125.0, 100.0]]), np.array([3.0]), np.ones(1))         # at the right: the label goes to the left
    assert place_labels(anchors[:1], radii[:1], np.array([[40.0, 14.0]]), (0, 0, 400, 400), [], beside)[0][0] < 60


def test_a_label_in_a_crowd_goes_where_it_covers_no_node_or_is_left_out_if_it_must_stay_near():
    around = np.array([(x, y) for x in range(60, 141, 8) for y in range(60, 141, 8)], float)
    crowd = Discs(around, np.full(len(around), 5.0), np.ones(len(around)))
    label = np.array([[100.0, 100.0]]), np.array([5.0]), np.array([[30.0, 14.0]]), (0, 0, 400, 400), [], crowd
    assert place_labels(*label, np.array([False]), limit=1.5) == [None]
    (rect,) = place_labels(*label, np.array([True]), limit=1.5)
    corners = np.array([[rect[0], rect[1], rect[0] + rect[2], rect[1] + rect[3]]])
    assert crowd.cost_under(corners) == 0
    cheap = Discs(around, crowd.radii, np.where(around[:, 0] > 100, 6.0, 1.0))    # the right half matters more
    assert place_labels(*label[:5], cheap)[0][0] < 100


def poses():
    home = np.array([[-1.0, -1.0], [1.0, 1.0]])
    return (Pose(np.zeros((3, 2)), np.full(3, 10.0), home),
            Pose(np.array([[10.0, 0], [0, 20.0], [4.0, 4.0]]), np.array([10.0, 20.0, 30.0]), 2 * home))


def test_a_tween_moves_places_sizes_and_home_slowly_at_first_and_ends_exactly():
    start, end = poses()
    tween = Tween(start, end, began=100.0, duration=0.5)
    assert tween.at(100.0).positions == pytest.approx(start.positions)
    assert tween.at(100.05).positions[0, 0] < 0.1
    half = tween.at(100.25)
    assert half.positions == pytest.approx(end.positions / 2)
    assert half.diameters == pytest.approx([10, 15, 20]) and half.home[1] == pytest.approx((1.5, 1.5))
    assert tween.at(107.0).positions == pytest.approx(end.positions) and tween.at(107.0).diameters[2] == 30
    assert [tween.finished(now) for now in (100.49, 100.5)] == [False, True]


def test_a_tween_holds_a_dragged_node_and_changes_nothing_that_it_was_given():
    start, end = poses()
    tween = Tween(start, end, began=100.0, duration=0.5)
    tween.hold(2, np.array([7.0, 8.0]))
    assert tween.at(100.1).positions[2] == pytest.approx((7, 8))
    assert end.positions[2] == pytest.approx((4, 4))


def test_points_inside_a_polygon_are_found_by_the_even_odd_rule():
    star = np.array([(0, 0), (10, 0), (10, 10), (5, 2), (0, 10)], float)       # concave at the top
    points = np.array([(1, 1), (9, 8), (5, 8), (5, 1), (-1, 5), (11, 5), (1, 7)], float)
    assert inside(points, star).tolist() == [True, True, False, True, False, False, True]
    assert not inside(points, star[:2]).any() and not inside(points, star[:0]).any()


def test_of_edges_with_equal_weights_those_drawn_are_spread_over_the_graph():
    count = 4000
    positions = np.stack([np.linspace(-1, 1, count), np.zeros(count)], axis=1)
    sample = graph(positions, np.arange(count - 1), np.arange(1, count), np.ones(count - 1))
    sample.weights[:] = 1.0
    result = GraphGeometry(sample)
    result.project(viewport(result.positions))
    drawn = result.visible_edges(400, 300, 400)
    shares = np.bincount(sample.sources[drawn] * 8 // count, minlength=8) / len(drawn)
    assert shares.min() > 0.08                                              # of 0.125 in each eighth
    assert not len(result.visible_edges(400, 300, 0))


def test_edges_between_nodes_that_are_not_grayed_are_drawn_before_stronger_ones():
    result = geometry(20)
    lit = np.zeros(20, bool)
    lit[[14, 15, 16]] = True
    drawn = result.visible_edges(400, 300, 3, lit)
    assert all(lit[result.connectome.sources[edge]] and lit[result.connectome.targets[edge]] for edge in drawn)
