"""Nothing raises, whatever is done in whatever order: random events and calls with fixed seeds."""
import numpy as np
import pytest
from at_rest import settle
from connectome_samples import clusters, coloring, graph, ring
from view_gestures import NO_MODIFIER, SHIFT, dark_palette, drag_along, key, move, pass_time, press, turn_wheel

from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.presentation.coloring import single_coloring

EVENTS = 500
KEYS = ("Down", "Up", "Left", "Right", "Return", "C", "M", "Slash", "Escape", "Question", "F1", "L", "Space", "G", "Home",
        "Plus", "Minus", "Tab", "A")


def samples(match):
    """Graphs of all kinds, with a coloring: none, empty, of one patient, without a facet, ordinary, of other patients."""
    empty, one = graph(np.zeros((0, 2)), [], [], []), graph([[3.0, 4.0]], [], [], [], match=match)
    shifted = ring(12, k=3, match=match)
    shifted.positions[:] = np.roll(shifted.positions, 5, axis=0)
    return ((None, None), (empty, coloring(0)), (one, coloring(1)), (ring(2, match=match), single_coloring(2)),
            (ring(12, match=match), coloring(12)), (shifted, coloring(12)), (ring(12, k=0), single_coloring(12)),
            (ring(12, hub=True, match=match), coloring(12, ("A", "B"), ordered=False)), (ring(9, prefix="Q"), coloring(9)),
            (clusters(1200), coloring(1200)))


def random_actions(view, random, match):
    """Everything a person or the owner of the view can do, each with random arguments."""
    graphs = samples(match)

    def point():
        return tuple(random.uniform(-5, (view.width + 5, view.height + 5)))

    def patients():
        return [f"P{i:03d}" for i in random.integers(0, 14, random.integers(0, 8))]

    def patient():
        return [None, "nobody", *patients()][random.integers(2)] if random.random() < 0.2 else f"P{random.integers(12):03d}"

    def show():
        view.setConnectome(*graphs[random.integers(len(graphs))], animate=random.random() < 0.7)

    def recolor():
        if view.canvas.geometry is not None:
            count = len(view.canvas.geometry.points)
            view.setColoring(single_coloring(count) if random.random() < 0.3 else coloring(count, ("IA", "IB", "II")[:2]))

    def hide():
        view.setHiddenCategories(random.choice(["IA", "IB", "IV", "Unknown", "All patients", "A"], 2).tolist())

    def click():
        press(view, point(), modifier=(NO_MODIFIER, SHIFT)[random.integers(2)])

    def type_key():
        key(view, KEYS[random.integers(len(KEYS))])

    def stroke():
        drag_along(view, [point() for _ in range(random.integers(2, 6))], (NO_MODIFIER, SHIFT)[random.integers(2)],
                   release=random.random() < 0.9)

    return (show, recolor, hide, stroke, stroke, click, click, lambda: press(view, point(), double=True),
            lambda: move(view, point()), lambda: turn_wheel(view, point(), int(random.integers(-6, 7))),
            type_key, type_key, lambda: view.setSelected(patient()), lambda: view.setCompared(patient()),
            lambda: view.setGroup(patients()),
            lambda: view.setFilter(None if random.random() < 0.4 else patients()),
            lambda: view.setEdgeMode(("all", "selection", "none")[random.integers(3)]),
            lambda: view.setAnimated(random.random() < 0.8), lambda: view.setTitle("T" * int(random.integers(0, 90)), "sub"),
            lambda: view.resize(*(int(v) for v in random.integers((200, 160), (700, 600)))), lambda: view.tooltipAt(*point()),
            lambda: view.reveal(patient()), view.fit, lambda: view.setPalette(dark_palette()), view.grab)


@pytest.mark.parametrize("match", list(Match))
def test_nothing_raises_during_random_events(view, host, no_silent_errors, match):
    random = np.random.default_rng(20_260 + len(match.value))
    actions = random_actions(view, random, match)
    done = []
    for _ in range(EVENTS):
        action = actions[random.integers(len(actions))]
        done.append(action)
        action()
        if random.random() < 0.1:
            pass_time(int(random.integers(1, 40)))
        assert not no_silent_errors, no_silent_errors
        state = view.canvas.state
        if state.geometry is not None:
            assert np.isfinite(state.geometry.points).all() and (state.geometry.radii > 0).all()
            assert all(state.node_of(name) is not None for name in (view.selected, view.compared, *view.group) if name)
    assert set(done) == set(actions)
    settle()
    view.grab()
    assert not view.canvas.moving
