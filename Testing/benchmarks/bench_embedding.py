"""A tumor's vector by numpy against torch: the whole worker process, and each network alone. CPU time, peak memory, difference.

    nice python Testing/benchmarks/bench_embedding.py [--models CTFM Merlin] [--repeats 3] [--threads 1] [--torch PYTHON]

torch is no dependency: install it (``pip install torch``, used on the CPU) into this environment, or into another whose
interpreter `--torch` names; without it only numpy is measured. Weights are seeded random numbers of the published shapes, the
CT is made up: 512 x 512 x 300 voxels. Every contender runs in a process of its own, in turns; the smallest CPU time (user and
system, all threads) of the repeats is printed, which other work on the machine changes least. The torch worker takes the same
crop, and its weights by memory map as well, so the ratio is that of the networks and of starting torch.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

MODULE_FOLDER = pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"
sys.path.insert(0, str(MODULE_FOLDER))

import numpy as np  # noqa: E402

_SHAPE = (300, 512, 512)
_MATRIX = np.diag([0.7, 0.7, 1.0, 1.0])
_POINT = (150.0, 170.0, 140.0)
_SEED = 11


def write_safetensors(path, tensors):
    """The plainest writer of the format: a header, then the numbers."""
    header, at = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        for values in tensors.values():
            stream.write(np.ascontiguousarray(values).data)


def made_up_ct(path):
    """A file of HU with air, tissue and a nodule at the point."""
    z, y, x = np.ogrid[:_SHAPE[0], :_SHAPE[1], :_SHAPE[2]]
    waves = (100 * np.sin(0.05 * z) * np.cos(0.04 * y) + 80 * np.sin(0.03 * x)).astype(np.float32)
    far = (z - _POINT[2]) ** 2 + (0.7 * y - _POINT[1]) ** 2 + (0.7 * x - _POINT[0]) ** 2
    np.save(path, np.rint(-800 + waves + 850 * np.exp(-far / 120)).astype(np.int16))


def torch_encode(model, crop, parameters):
    """The vector by torch's own layers, from the same state dict: float32 tensor."""
    import torch.nn.functional as F

    network, p = model.network, parameters

    def norm(x, name):
        own = f"{name}.running_mean" not in p
        return F.instance_norm(x, weight=p[f"{name}.weight"], bias=p[f"{name}.bias"]) if own else F.batch_norm(
            x, p[f"{name}.running_mean"], p[f"{name}.running_var"], p[f"{name}.weight"], p[f"{name}.bias"])

    def conv(x, name, **options):
        return F.conv3d(x, p[f"{name}.weight"], p.get(f"{name}.bias"), **options)

    def bottleneck(x, at, stride):
        inner = F.relu(norm(conv(x, f"{at}.conv1"), f"{at}.bn1"))
        inner = F.relu(norm(conv(inner, f"{at}.conv2", stride=stride, padding=1), f"{at}.bn2"))
        inner = norm(conv(inner, f"{at}.conv3"), f"{at}.bn3")
        if f"{at}.downsample.0.weight" in p:
            x = norm(conv(x, f"{at}.downsample.0", stride=stride), f"{at}.downsample.1")
        return F.relu(inner + x)

    kind, x = type(network).__name__, crop
    if kind == "SegResEncoder":
        x = conv(x, "conv_init", padding=1)
        for level, count in enumerate(network.blocks):
            for block in range(count):
                at = f"layers.{level}.blocks.{block}"
                inner = conv(F.relu(norm(x, f"{at}.norm1")), f"{at}.conv1", padding=1)
                x = x + conv(F.relu(norm(inner, f"{at}.norm2")), f"{at}.conv2", padding=1)
            if level < len(network.blocks) - 1:
                x = conv(x, f"layers.{level}.downsample", stride=2, padding=1)
        return x.mean((2, 3, 4))[0]
    if kind == "UNetEncoder":
        for number, level in enumerate(("down_tr64", "down_tr128", "down_tr256", "down_tr512")):
            x = F.max_pool3d(x, 2) if number else x
            for half in (0, 1):
                at = f"{level}.ops.{half}"
                x = F.relu(norm(conv(x, f"{at}.conv1", padding=1), f"{at}.bn1"))
        return F.avg_pool3d(x, 3, 2).flatten() if network.pooled else x.mean((2, 3, 4))[0]
    if kind == "StackedEncoder":
        for at, _, _, stride in network._convolutions():
            x = F.leaky_relu(norm(conv(x, f"{at}.conv", stride=stride, padding=1), f"{at}.instnorm"), 0.01)
        return x.mean((2, 3, 4))[0]
    merlin = kind == "InflatedResNet152"
    if merlin:
        x = x.permute(0, 1, 4, 2, 3).expand(1, 3, -1, -1, -1)
    x = conv(x, "conv1", stride=(1, 2, 2), padding=(1, 3, 3)) if merlin else conv(x, "conv1", stride=2, padding=3)
    x = F.max_pool3d(F.relu(norm(x, "bn1")), 3, 2, 1)
    for stage, count in enumerate(network.blocks):
        for block in range(count):
            x = bottleneck(x, f"layer{stage + 1}.{block}", 2 if stage and not block else 1)
    if not merlin:
        return x.mean((2, 3, 4))[0]
    return F.normalize(conv(x.mean((2, 3, 4), keepdim=True), "contrastive_head").flatten(), dim=0)


def torch_worker(options):
    """What the module's worker does, with torch instead of numpy."""
    import torch

    from TumorConnectomeLib.embedding.crop import crop_around
    from TumorConnectomeLib.embedding.models import MODELS

    torch.set_num_threads(options.threads)
    model, folder = MODELS[options.model], pathlib.Path(options.folder)
    weights = folder / f"{model.name}.pt"
    if not weights.exists():
        from TumorConnectomeLib.embedding.safetensors_file import read_safetensors

        torch.save({name: torch.from_numpy(np.array(values))
                    for name, values in read_safetensors(folder / f"{model.name}.safetensors").items()}, weights)
        return
    parameters = torch.load(weights, mmap=True, weights_only=True)
    crop = crop_around(np.load(folder / "ct.npy", mmap_mode="r"), _MATRIX, _POINT, model)
    print(json.dumps(_timed(options, lambda: torch_encode(model, torch.from_numpy(crop.values[None]), parameters).numpy(),
                            torch.inference_mode())))


def write_files(options):
    """The CT and the weights."""
    from TumorConnectomeLib.embedding.embed import seeded_parameters
    from TumorConnectomeLib.embedding.models import MODELS

    folder = pathlib.Path(options.folder)
    if not (folder / "ct.npy").exists():
        made_up_ct(folder / "ct.npy")
    shapes = MODELS[options.model].network.shapes()
    write_safetensors(folder / f"{options.model}.safetensors", seeded_parameters(shapes, _SEED))


def numpy_network(options):
    """The network alone, in numpy."""
    import contextlib

    from TumorConnectomeLib.embedding.crop import crop_around
    from TumorConnectomeLib.embedding.models import MODELS
    from TumorConnectomeLib.embedding.weights import network_parameters

    model, folder = MODELS[options.model], pathlib.Path(options.folder)
    parameters = network_parameters(folder / f"{model.name}.safetensors", model)
    crop = crop_around(np.load(folder / "ct.npy", mmap_mode="r"), _MATRIX, _POINT, model)
    print(json.dumps(_timed(options, lambda: model.network.encode(crop.values, parameters), contextlib.nullcontext())))


def _timed(options, encode, context):
    """CPU time of the network (the best of some runs when it is measured alone), and its vector."""
    seconds = []
    with context:
        for _ in range(4 if options.child.endswith("network") else 1):
            start = time.process_time()
            vector = encode()
            seconds.append(time.process_time() - start)
    return {"seconds": min(seconds), "vector": [float(value) for value in vector]}


def run(command, threads):
    """CPU seconds and peak memory [MB] of a process, and the JSON of its last line."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=MODULE_FOLDER,
                               env={**os.environ, **dict.fromkeys(names, str(threads))})
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{output}{errors}")
    lines = output.splitlines()
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, json.loads(lines[-1]) if lines else {}


def compare(name, folder, options):
    """Measure one model; prints its lines."""
    safetensors = folder / f"{name}.safetensors"
    child = [str(pathlib.Path(__file__).resolve()), "--model", name, "--folder", str(folder), "--threads", str(options.threads)]
    # in a process of its own: a process begins with the peak memory of the one that starts it
    run([sys.executable, *child, "--child", "files"], options.threads)
    numpy_worker = [sys.executable, "-m", "TumorConnectomeLib", "worker", "embed", "--model", name,
                    "--weights", str(safetensors), "--volume", str(folder / "ct.npy"),
                    "--ijk-to-lps", ",".join(map(str, _MATRIX.ravel())), "--point", ",".join(map(str, _POINT))]
    contenders = {"numpy worker": numpy_worker, "numpy network": [sys.executable, *child, "--child", "numpy network"]}
    if options.torch:
        contenders |= {kind: [options.torch, *child, "--child", kind] for kind in ("torch worker", "torch network")}
        run(contenders["torch worker"], options.threads)            # writes its weights
    first, _, _ = run(numpy_worker, options.threads)
    best = {}
    for _ in range(options.repeats):
        for kind, command in contenders.items():
            seconds, memory, said = run(command, options.threads)
            if kind == "numpy worker":
                said = {"vector": said["result"]["embeddings"][0]["vector"]}
            seconds = said["seconds"] if kind.endswith("network") else seconds
            if kind not in best or seconds < best[kind][0]:
                best[kind] = (seconds, memory, np.array(said["vector"]))
    for part in ("worker", "network"):
        ours, theirs = best[f"numpy {part}"], best.get(f"torch {part}")
        text = f"{name:10} {part:8} numpy {ours[0]:5.2f} s" + (f" {ours[1]:5.0f} MB" if part == "worker" else " " * 9)
        if theirs:
            text += f"   torch {theirs[0]:5.2f} s" + (f" {theirs[1]:5.0f} MB" if part == "worker" else " " * 9)
            text += f"   ratio of CPU {ours[0] / theirs[0]:.2f}"
            text += f", of memory {ours[1] / theirs[1]:.2f}" if part == "worker" else (
                f", largest difference {np.abs(ours[2] - theirs[2]).max() / np.abs(theirs[2]).max():.0e} of the largest")
        print(text, flush=True)
    print(f"{name:10} the first use of a weights file, which is hashed then: {first:.2f} s", flush=True)
    for path in folder.glob(f"{name}.*"):               # some have a GB
        path.unlink()


def main():
    """Compare the models asked for."""
    from TumorConnectomeLib.embedding.models import MODELS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    published = [name for name, model in MODELS.items() if model.network is not None and model.needs_weights]
    parser.add_argument("--models", nargs="+", choices=published, default=published)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--torch", metavar="PYTHON", help="interpreter that has torch")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--model", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        {"files": write_files, "numpy network": numpy_network}.get(options.child, torch_worker)(options)
        return
    options.torch = options.torch or sys.executable
    if subprocess.run([options.torch, "-c", "import torch"], capture_output=True, check=False).returncode:
        print(f"Skipped: torch is not installed for {options.torch}; only numpy is measured")
        options.torch = None
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.environ["TUMORCONNECTOME_WEIGHTS"] = str(folder / "records")
        for model in options.models:
            compare(model, folder, options)


if __name__ == "__main__":
    main()
