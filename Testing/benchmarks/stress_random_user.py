"""Thousands of random actions: no exception, nothing left behind, memory flat.

    PYTHONPATH=TumorConnectome:Testing python Testing/benchmarks/stress_random_user.py --actions 5000 --seed 1

Exit status 1 after the complaints. The same with a few hundred actions runs in the tests. From 1000 actions on memory is
measured, and the module is not reloaded: that is for developers, and Python classes derived from Qt's are never freed, which
costs about 9 MB each time.
"""
import argparse
import collections
import os
import pathlib
import sys
import tempfile
import time

_ROOT = pathlib.Path(__file__).resolve().parents[2]
#: actions before the first count: caches fill, lazy windows are made
WARM_UP = 100
_DEVELOPERS = ("reload",)
#: megabytes that may be added per thousand actions after the warm-up
MEMORY_SLOPE = 8.0


def show_every_layout():
    """Make the views of all layouts of the module: Slicer keeps a view and its nodes for good once it was shown."""
    import slicer

    from TumorConnectomeLib.scene import view_layouts
    from TumorConnectomeLib.scene.image_views import ImageViews

    before = view_layouts.current_layout()
    for number in (view_layouts.CONNECTOME_LAYOUT, view_layouts.RESULTS_LAYOUT, *map(view_layouts.layout_number, ImageViews)):
        slicer.app.layoutManager().setLayout(number)
    slicer.app.layoutManager().setLayout(before)


def settled(session):
    """An empty scene with the demo cohort, nothing running: the situation in which counts are compared."""
    import slicer
    from at_rest import processes

    slicer.mrmlScene.Clear()
    session.load_cohort()
    panel = session.panel
    session.panel.ui.helpButton.click()                 # its window is made when it is first wanted
    while True:
        # what was canceled or replaced is not busy any more, but its process has yet to end
        session.wait(lambda: not (panel.imaging.busy or panel.evaluate.busy or panel.derived.busy or panel.cohort.loader.busy
                                  or processes()), "over")
        session.settle()
        if not processes():                             # a timer may have begun to tidy the cache meanwhile
            break


def run(actions, seed, folders, measure_memory):
    """Act, and return the complaints (list of str)."""
    from module_session import ModuleSession

    errors = []
    sys.excepthook = lambda kind, error, trace: (errors.append(repr(error)), sys.__excepthook__(kind, error, trace))
    session = ModuleSession(size=(1200, 800))
    from leftovers import counts, resident_megabytes
    from random_user import RandomUser

    session.load_cohort()
    show_every_layout()
    user = RandomUser(session, seed, folders, without=_DEVELOPERS if measure_memory else ())
    took, first, last, memory = collections.Counter(), {}, {}, []
    for number in range(actions + 1):
        if number in (min(WARM_UP, actions // 2), actions):
            settled(session)
            first, last = (first or counts(session.application)), counts(session.application)
        if measure_memory and number >= WARM_UP and number % 250 == 0:
            settled(session)
            memory.append((number, resident_megabytes()))
            print(f"{number:6} actions  {memory[-1][1]:7.1f} MB", flush=True)
        start = time.perf_counter()
        name = user.act() if number < actions else "end"
        took[name] += time.perf_counter() - start
        if errors and number < actions - 1:
            print(f"action {number}: {' '.join(user.done[-8:])}", file=sys.stderr)
            break
    user.close()
    complaints = [f"exception: {error}" for error in errors]
    complaints += [f"{name}: {first[name]} before, {count} after" for name, count in sorted(last.items())
                   if count > first[name]]
    if len(memory) > 2:
        (start, low), (end, high) = memory[1], memory[-1]
        slope = 1000 * (high - low) / (end - start)
        print(f"memory: {slope:+.2f} MB per 1000 actions, {low:.0f} to {high:.0f} MB")
        complaints += [f"memory grows by {slope:.1f} MB per 1000 actions"] if slope > MEMORY_SLOPE else []
    print(f"{len(user.done)} actions, slowest kinds:",
          ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.most_common(6)))
    session.panel.runner.cleanup()
    return complaints


def main():
    """Run; exit status 0 when there is nothing to complain about."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--actions", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=pathlib.Path, action="append", default=[], help="folder that may be loaded as well")
    options = parser.parse_args()
    sys.path[:0] = [str(_ROOT / "TumorConnectome"), str(_ROOT / "Testing")]
    with tempfile.TemporaryDirectory(prefix="stress-") as folder:
        scratch, empty = pathlib.Path(folder, "tmp"), pathlib.Path(folder, "no-embeddings")
        for path in (scratch, empty):
            path.mkdir()
        os.environ |= {"TMPDIR": str(scratch), "TUMORCONNECTOME_CACHE": str(pathlib.Path(folder, "cache")),
                       "TUMORCONNECTOME_THUMBNAIL_BASE": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
        tempfile.tempdir = None
        complaints = run(options.actions, options.seed, [empty, *options.data], measure_memory=options.actions >= 1000)
    for complaint in complaints:
        print(complaint)
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
