"""Frame times of the connectome view off-screen: `python Testing/benchmarks/bench_view.py [--nodes N ...]`."""
import argparse
import os
import pathlib
import statistics
import sys
import time

TESTING = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTING), str(TESTING / "widgets"), str(TESTING.parent / "TumorConnectome")]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

FRAMES = 15


def milliseconds(action, prepare=lambda: None):
    """Median time of an action."""
    times = []
    for _ in range(FRAMES):
        prepare()
        began = time.perf_counter()
        action()
        times.append(time.perf_counter() - began)
    return 1e3 * statistics.median(times)


def frame_times(count):
    """Milliseconds per frame of a graph of `count` nodes and 5 edges per node, by what is going on."""
    from connectome_samples import clusters, coloring

    from TumorConnectomeLib.widgets.connectome_view import ConnectomeView
    view = ConnectomeView()
    view.resize(900, 700)
    view.setConnectome(clusters(count), coloring(count))
    canvas, surface = view._canvas, view.grab()

    def draw():
        view.render(surface)

    def pan():
        canvas.viewport.pan(2, 1)
        view._movement.viewMoved()
        draw()

    def zoom():
        view.zoom(1.02)
        draw()

    def hover():
        canvas.state.hovered = f"P{count // 2:03d}"
        draw()

    times = {"still": milliseconds(draw), "pan": milliseconds(pan), "zoom": milliseconds(zoom)}
    view.fit()
    canvas.moving = False
    times["full"] = milliseconds(draw, canvas.refresh)
    times["hover"] = milliseconds(hover)
    view.setSelected(f"P{count // 2:03d}")
    draw()
    times["selection"] = milliseconds(draw)
    canvas.state.hovered, canvas.moving = None, True
    times["gliding"] = milliseconds(draw, canvas.refresh)
    view.cleanup()
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="*", default=[289, 2000, 25_000])
    options = parser.parse_args()
    from slicerhost import app
    application = app.start()
    reference = None
    for count in options.nodes:
        times = frame_times(count)
        reference = reference or times
        print(f"{count:>6} nodes, {5 * count:>6} edges: " + ", ".join(
            f"{name} {value:.1f} ms ({value / reference[name]:.1f}x)" for name, value in times.items()))
        application.processEvents()


if __name__ == "__main__":
    main()
