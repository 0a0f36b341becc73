#!/bin/sh
# scikit-survival: the concordance index of a risk score changes when the score is given in another unit.
#
# Harrell's C compares the order of risks only, so a factor can not change it. A neighbor-based hazard, or a cosine distance of a
# model that puts all patients into a narrow cone, is a small number (1e-6 to 1e-9).
# Expected: the same index for a score and for the score times 1e-9, as lifelines gives.
# Seen in scikit-survival 0.28.0: .79 becomes .56 at 1e-9 and .50 at 1e-12, without a warning: scores closer than tied_tol = 1e-8,
# an absolute number, count as ties.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet scikit-survival==0.28.0 lifelines==0.30.3 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import lifelines
import numpy as np
import sksurv
from lifelines.utils import concordance_index
from sksurv.metrics import concordance_index_censored

random = np.random.default_rng(0)
time, event = random.exponential(1, 200), random.random(200) < 0.6
risk = 1 / time + random.normal(0, 1, 200)
print("scikit-survival", sksurv.__version__, "lifelines", lifelines.__version__)
found = {}
for unit in (1.0, 1e-9, 1e-12):
    found[unit] = concordance_index_censored(event, time, risk * unit)[0]
    print(f"risk x {unit:g}: scikit-survival {found[unit]:.3f}, lifelines {concordance_index(time, -risk * unit, event):.3f}")
    assert np.isclose(concordance_index(time, -risk * unit, event), found[1.0])
assert found[1.0] > 0.75 and found[1e-9] < 0.6 and found[1e-12] == 0.5
PYTHON
