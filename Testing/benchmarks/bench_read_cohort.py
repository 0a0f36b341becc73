"""CPU time and memory of reading a user's own cohort: `python Testing/benchmarks/bench_read_cohort.py [--quick]`.

Peers, in the same run, without any check or order: `pandas.read_csv` (goal: at most 1.3 times its CPU time), and
`pyarrow.parquet.read_table` brought to one array (at most 1.1 times); memory at most 2.1 times the data. npy with a CSV beside
it and the published pickles (--published FOLDER; nine of them in at most 0.5 s) are measured, too. Each measurement runs in a
process of its own, ours and the peer's in turn, the best of five counts; its memory is the peak beyond what the imports took
(Linux).
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "TumorConnectome"))
DIMENSIONS = 512


def write_files(folder, large, small):
    """Random embeddings with two further columns as Parquet (float32), npy with CSV, and CSV (all digits)."""
    import numpy as np
    import pandas as pd

    random = np.random.default_rng(0)
    for count, ending in ((large, "parquet"), (large, "npy"), (small, "csv")):
        values = random.standard_normal((count, DIMENSIONS), dtype=np.float32)
        table = pd.DataFrame({"PatientID": [f"{number:07d}" for number in random.permutation(count)],
                              "volume": random.random(count).round(3), "sex": random.choice(["F", "M"], count)})
        if ending == "npy":
            np.save(folder / "mine.npy", values)
            table.to_csv(folder / "mine.csv", index=False)
            continue
        frame = pd.concat([table, pd.DataFrame(values, columns=[f"pred_{i}" for i in range(DIMENSIONS)])], axis=1)
        if ending == "parquet":
            frame.to_parquet(folder / "mine.parquet")
        else:
            frame.to_csv(folder / "text.csv", index=False)


def ours(path):
    """Read by this project; returns the embedding."""
    from TumorConnectomeLib.readers.own_cohort import read_own_cohort

    cohort = read_own_cohort([path])
    return cohort.embeddings[cohort.models[0]]


def by_peer(path):
    """Read by pandas or pyarrow alone, without any check; returns the numbers."""
    import pandas as pd
    import pyarrow.parquet

    if path.suffix == ".csv":
        frame = pd.read_csv(path)
    else:
        table = pyarrow.parquet.read_table(path)
        frame = table.select([name for name in table.column_names if name.startswith("pred_")]).to_pandas()
    return frame[[name for name in frame if name.startswith("pred_")]].to_numpy()


def measure(path, who):
    """Read a file and print CPU seconds, bytes of the data and the peak of memory beyond the imports."""
    import numpy  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from TumorConnectomeLib.readers import own_cohort  # noqa: F401

    before = peak_memory()
    began = time.process_time()
    embedding = {"ours": ours, "peer": by_peer}[who](path)
    elapsed = time.process_time() - began
    print(elapsed, embedding.nbytes, peak_memory() - before, len(embedding))


def measure_pickles(folder):
    """CPU seconds of reading all published files of a folder, the best of five."""
    from TumorConnectomeLib.readers.embedding_pickle import read_embedding_pickle

    files = sorted(folder.rglob("*_features.pkl"))
    best = []
    for _ in range(5):
        began = time.process_time()
        for path in files:
            read_embedding_pickle(path)
        best.append(time.process_time() - began)
    print(f"{len(files)} published files: {min(best):.2f} s, {min(best) / max(len(files), 1) * 9:.2f} s for nine")


def peak_memory():
    """Peak of this process's memory in bytes. (ru_maxrss would be at least that of the parent process.)"""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the patients")
    parser.add_argument("--published", type=pathlib.Path, help="folder of published embedding files")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(pathlib.Path(options.measure[0]), options.measure[1])
        return
    if options.published:
        measure_pickles(options.published)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        write_files(folder, *((10_000, 2_500) if options.quick else (100_000, 25_000)))
        for name in ("mine.parquet", "mine.npy", "text.csv"):
            times, runs = {}, {"ours": [], "peer": []} if name != "mine.npy" else {"ours": []}
            for _ in range(5):                          # in turn: what else the machine does meets both
                for who, done in runs.items():
                    text = subprocess.run([sys.executable, __file__, "--measure", str(folder / name), who],
                                          capture_output=True, text=True, check=True).stdout
                    done.append(tuple(map(float, text.split())))
            for who, done in runs.items():
                seconds, size, peak, count = min(done)
                times[who] = seconds
                print(f"{name:13} {int(count):>7} x {DIMENSIONS}  {who:5} {seconds:6.2f} s CPU, "
                      f"memory {peak / 2 ** 20:6.0f} MB = {peak / size:.2f} x the data")
            if "peer" in times:
                print(f"{name:13} ours / peer: CPU time {times['ours'] / times['peer']:.2f}")


if __name__ == "__main__":
    main()
