"""Reads thousands of damaged reports and CT files as the module does: each is read, or refused in one line, in time.

    python Testing/benchmarks/bench_fuzz_reports.py [--reports 2500] [--slices 500] [--seed 0]

Files are read in child processes: a crash ends only one of them and is counted.
"""
import argparse
import collections
import multiprocessing
import pathlib
import sys
import tempfile
import time
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "TumorConnectome"), str(ROOT / "Testing" / "samples")]

#: seconds for one file, and memory that a child may use [bytes]
LIMIT_S, MEMORY = 10.0, 3 * 2**30
BATCH = 250


def main():
    """Run and print figures; the exit status tells whether anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=2500)
    parser.add_argument("--slices", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = False
    for kind, count in (("structured reports", options.reports), ("CT files", options.slices)):
        failed |= fuzz(kind, count, options.seed)
    return int(failed)


def fuzz(kind, count, seed):
    """Damage and read `count` files of a kind; returns whether something else than a result or a refusal came out."""
    begin, outcomes, slowest, peak, bad = time.perf_counter(), collections.Counter(), 0.0, 0, []
    context = multiprocessing.get_context("spawn")
    for first in range(0, count, BATCH):
        numbers = list(range(first, min(first + BATCH, count)))
        while numbers:
            ours, theirs = context.Pipe()
            child = context.Process(target=_child, args=(theirs, kind, seed, numbers))
            child.start()
            theirs.close()
            done, memory = _collect(ours, child, outcomes, bad)
            slowest, peak = max([slowest, *(seconds for seconds, *_ in done)]), max(peak, memory)
            if len(done) < len(numbers):
                what = "hang" if child.is_alive() else f"crash ({child.exitcode})"
                outcomes[what.split()[0]] += 1
                bad.append(f"file {numbers[len(done)]}: {what}")
                child.kill()
                numbers = numbers[len(done) + 1:]
            else:
                numbers = []
            child.join()
    seconds = time.perf_counter() - begin
    print(f"{kind}: {count} damaged, {outcomes['read']} read, {outcomes['refused']} refused in one line, "
          f"{outcomes['error']} other errors, {outcomes['hang']} hangs, {outcomes['crash']} crashes; slowest {slowest:.2f} s, "
          f"peak memory {peak / 2**20:.0f} MB, {seconds:.0f} s in all")
    for line in bad[:20]:
        print("  ", line)
    return bool(bad)


def _collect(pipe, child, outcomes, bad):
    """Results that a child sends, until it ends or is silent for too long: list, and its peak memory."""
    done, memory = [], 0
    try:
        while pipe.poll(LIMIT_S + (30 if not done else 0)):
            message = pipe.recv()
            if isinstance(message, int):
                return done, message
            done.append(message)
            outcomes[message[1]] += 1
            if message[1] == "error":
                bad.append(message[2])
    except EOFError:
        child.join(5)
    return done, memory


def _child(pipe, kind, seed, numbers):
    import resource

    import dicom_factory
    import numpy as np
    from dicom_mutations import mutated, repeatable_uids

    from TumorConnectomeLib.base.errors import InputError

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    dicom_factory.generate_uid = repeatable_uids()
    with tempfile.TemporaryDirectory() as folder:
        path, whole, read = (_report if kind == "structured reports" else _slice)(pathlib.Path(folder))
        for number in numbers:
            path.write_bytes(mutated(whole, np.random.default_rng([seed, number])))
            begin = time.perf_counter()
            try:
                findings = read()
                outcome, text = ("read", "") if "".join(findings).isprintable() else ("error", f"file {number}: {findings}")
            except InputError as error:
                text = str(error)
                outcome = "refused" if text.isprintable() else "error"
            except BaseException as error:              # noqa: BLE001 that is what is looked for
                outcome, text = "error", f"file {number}: {type(error).__name__}: {error}"[:300]
            pipe.send((time.perf_counter() - begin, outcome, text))
        pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def _report(folder):
    from dicom_factory import make_ct, make_sr, rectangle

    from TumorConnectomeLib.imaging.ct_series import read_series
    from TumorConnectomeLib.imaging.lesions import find_lesions
    from TumorConnectomeLib.imaging.sr_boxes import read_sr

    slices = make_ct(folder / "ct", 6)
    make_sr(folder / "sr.dcm", slices, [(index, rectangle(4, 5, 11, 12)) for index in (1, 2, 4)])
    series = read_series(folder / "ct")
    return folder / "sr.dcm", (folder / "sr.dcm").read_bytes(), lambda: find_lesions(read_sr(folder / "sr.dcm"), series)[1]


def _slice(folder):
    from dicom_factory import make_ct, make_sr, rectangle

    from TumorConnectomeLib.imaging.inspection import read_study
    from TumorConnectomeLib.imaging.measuring import measure

    slices = make_ct(folder / "ct", 4, size=(16, 16))
    make_sr(folder / "sr.dcm", slices, [(1, rectangle(4, 5, 11, 12))])

    def read():
        series, lesions, findings = read_study(folder / "ct", folder / "sr.dcm")
        measured = measure(series, lesions)
        return [*findings, *map(str, measured.values().values()), *(lesion.side_note for lesion in measured.lesions)]
    return slices[1].filename, slices[1].filename.read_bytes(), read


if __name__ == "__main__":
    sys.exit(main())
