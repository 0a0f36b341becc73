"""Time and memory of reading a user's own cohort: `python Testing/benchmarks/bench_read_cohort.py [--quick]`.

100,000 x 512 in Parquet should load in seconds with memory under three times the data; 25,000 x 512 in CSV and 100,000 x 512 in
npy are measured, too. The peers, in the same run: `pandas.read_parquet` and `pandas.read_csv` with
`float_precision="round_trip"` (as exact as we are), each followed by what a cohort needs: the features as one array in the
order of the ids. Each measurement runs in a process of its own; its memory is the peak beyond what the imports took (Linux).
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


def by_pandas(path):
    """Read by pandas alone, without any check; returns the embedding."""
    import pandas as pd

    text = {"PatientID": str}
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=text, float_precision="round_trip")
    frame = frame.sort_values("PatientID")
    return frame[[name for name in frame if name.startswith("pred_")]].to_numpy()


def measure(path, who):
    """Read a file and print seconds, bytes of the data and the peak of memory beyond the imports."""
    import numpy  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from TumorConnectomeLib.readers import own_cohort  # noqa: F401

    before = peak_memory()
    began = time.perf_counter()
    embedding = {"ours": ours, "pandas": by_pandas}[who](path)
    elapsed = time.perf_counter() - began
    print(elapsed, embedding.nbytes, peak_memory() - before, len(embedding))


def peak_memory():
    """Peak of this process's memory in bytes. (ru_maxrss would be at least that of the parent process.)"""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the patients")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(pathlib.Path(options.measure[0]), options.measure[1])
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        write_files(folder, *((10_000, 2_500) if options.quick else (100_000, 25_000)))
        for name in ("mine.parquet", "mine.npy", "text.csv"):
            times = {}
            for who in ("ours", "pandas") if name != "mine.npy" else ("ours",):
                done = subprocess.run([sys.executable, __file__, "--measure", str(folder / name), who], capture_output=True,
                                      text=True, check=True)
                seconds, size, peak, count = (float(value) for value in done.stdout.split())
                times[who] = seconds, peak
                print(f"{name:13} {int(count):>7} x {DIMENSIONS}  {who:7} {seconds:6.2f} s, {seconds / size * 1e9:5.1f} s/GB, "
                      f"memory {peak / 2 ** 20:6.0f} MB = {peak / size:.2f} x the data")
            if "pandas" in times:
                print(f"{name:13} ours / pandas: time {times['ours'][0] / times['pandas'][0]:.2f}, "
                      f"memory {times['ours'][1] / times['pandas'][1]:.2f}")


if __name__ == "__main__":
    main()
