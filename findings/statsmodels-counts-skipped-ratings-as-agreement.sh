#!/bin/sh
# statsmodels aggregate_raters + fleiss_kappa: a rating that is missing in all raters becomes a category on which they agree.
#
# Two raters choose 5 of 10 images in 10 rounds, always the five that the other left: they agree about no image. In 6 rounds both
# say nothing (NaN, as pandas reads an empty cell).
# Expected: -1, the kappa of the 40 images both rated, or an error, as for tables of unequal row sums (statsmodels asserts there).
# Seen in statsmodels 0.15.0: +0.286. aggregate_raters makes NaN the third category, and 60 of 100 images "agree" in it. The same
# comes from scikit-learn 1.9.1 cohen_kappa_score where the missing ratings are coded -1 (NaN itself it refuses).
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet statsmodels==0.15.0 scikit-learn==1.9.1 krippendorff==0.9.0 pandas==3.1.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import krippendorff
import numpy as np
import sklearn
import statsmodels
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

one = np.tile([1.0] * 5 + [0.0] * 5, 10)
ratings = np.stack([one, 1 - one], axis=1)
ratings[:60] = np.nan
table, categories = aggregate_raters(ratings)
rated = fleiss_kappa(aggregate_raters(ratings[60:])[0])
seen = fleiss_kappa(table)
coded = cohen_kappa_score(*np.nan_to_num(ratings, nan=-1).T)
print(f"statsmodels {statsmodels.__version__}, categories {categories}")
print(f"expected {rated:.3f} (the images that were rated), seen {seen:.3f}")
print(f"scikit-learn {sklearn.__version__}, missing coded -1: {coded:.3f}")
print(f"krippendorff, missing left out: alpha {krippendorff.alpha(ratings.T, level_of_measurement='nominal'):.3f}")
sys.exit(0 if rated == -1 and abs(seen - 2 / 7) < 1e-9 and abs(coded - 2 / 7) < 1e-9 else 1)
PYTHON
