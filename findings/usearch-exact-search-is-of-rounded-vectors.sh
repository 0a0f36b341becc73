#!/bin/sh
# usearch: search(..., exact=True) is exact among vectors that the index has rounded to bfloat16, unless dtype is given.
#
# 2,000 float32 vectors in a narrow cone, as some models of medical images put them (nearest cosine distances about .0009).
# Expected: exact=True finds the five nearest of every vector that was added, as a float64 computation does.
# Seen in usearch 2.26.6: Index(ndim, metric="cos") stores BF16 (8 bits of mantissa) and misses about one neighbor in ten;
# with dtype="f32" it finds all.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet usearch==2.26.6 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import usearch
from usearch.index import Index

random = np.random.default_rng(0)
vectors = 3 * random.normal(size=256) + 0.1 * random.normal(size=(2000, 256))
vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
distances = 1 - vectors[:200].astype(float) @ vectors.T.astype(float)
distances[np.arange(200), np.arange(200)] = np.inf
nearest = np.argsort(distances, axis=1)[:, :5]
print("usearch", usearch.__version__, "median distance of the nearest:", np.median(distances.min(axis=1)))
found = {}
for name, options in {"default": {}, "f32": {"dtype": "f32"}}.items():
    index = Index(ndim=256, metric="cos", **options)
    index.add(np.arange(2000), vectors)
    keys = np.asarray(index.search(vectors[:200], 6, exact=True).keys)
    found[name] = float(np.mean([len(set(own.tolist()) & set(right.tolist())) / 5 for own, right in zip(keys, nearest)]))
    print(f"{name:8} stores {index.dtype}: {found[name]:.3f} of the five nearest found")
assert found["default"] < 0.95 and found["f32"] == 1.0
PYTHON
