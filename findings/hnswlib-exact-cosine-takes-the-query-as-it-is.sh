#!/bin/sh
# hnswlib: the exact index BFIndex(space="cosine") normalizes the vectors that are added, but not those that are asked for.
#
# 289 float32 vectors of 512 components, none of length 1; three of them are asked for, as they are and ten times as long.
# Expected: BFIndex gives the distances of Index, the approximate one: 0 to itself, and never below 0.
# Seen in hnswlib 0.8.0: Index does; BFIndex gives 1 - length * cosine, about -22 and -220 to itself. The order within one query
# is right, so recall against it looks well, but distances of two queries can not be compared, thresholded or pooled.
# (Source distribution: pip needs a C++ compiler and Python's headers.)
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet hnswlib==0.8.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import importlib.metadata

import hnswlib
import numpy as np

vectors = np.random.default_rng(0).normal(size=(289, 512)).astype(np.float32)
print("hnswlib", importlib.metadata.version("hnswlib"))
own = {}
for kind in (hnswlib.Index, hnswlib.BFIndex):
    index = kind(space="cosine", dim=512)
    index.init_index(max_elements=289)
    index.add_items(vectors, np.arange(289))
    for length in (1, 10):
        keys, distances = index.knn_query(length * vectors[:3], k=3)
        assert (keys[:, 0] == np.arange(3)).all()
        own[kind.__name__, length] = distances[:, 0]
        print(f"{kind.__name__:7} asked for vectors {length:2} times as long: distance to itself",
              np.array2string(distances[:, 0], precision=3, suppress_small=True))
lengths = np.linalg.norm(vectors[:3].astype(float), axis=1)
for length in (1, 10):
    assert np.allclose(own["Index", length], 0, atol=1e-5)
    assert np.allclose(own["BFIndex", length], 1 - length * lengths, atol=1e-2)
PYTHON
