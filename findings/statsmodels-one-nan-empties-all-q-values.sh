#!/bin/sh
# statsmodels multipletests: one p value that is NaN makes every Benjamini-Hochberg q value NaN, beside decisions that stay True.
#
# Four tests, of which one could not be made (a group without members): p = .001, .01, NaN, .2.
# Expected: NaN for that test and q values for the other three, as R's p.adjust gives them (.003, .015, NA, .2), or an error, as
# scipy's false_discovery_control raises. Whatever is rejected has a q value of at most alpha.
# Seen in statsmodels 0.15.0: fdr_bh, fdr_by, fdr_tsbh and hommel return NaN for all four; fdr_bh calls the first two rejected
# beside a q of NaN. holm and bonferroni give numbers, for four tests instead of three (.004, not .003).
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet statsmodels==0.15.0 scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import scipy.stats
import statsmodels
from statsmodels.stats.multitest import multipletests

p, made = np.array([0.001, 0.01, np.nan, 0.2]), [True, True, False, True]
print("statsmodels", statsmodels.__version__, "scipy", scipy.__version__)
print("fdr_bh of the three tests that were made:", multipletests(p[made], method="fdr_bh")[1])
results = {method: multipletests(p, method=method)[:2] for method in ("fdr_bh", "fdr_by", "fdr_tsbh", "hommel", "holm", "bonferroni")}
for method, (rejected, corrected) in results.items():
    print(f"{method:10} rejected {rejected} corrected {corrected}")
try:
    scipy.stats.false_discovery_control(p)
    refused = False
except ValueError as error:
    refused = True
    print("scipy false_discovery_control:", error)
assert refused
assert all(np.isnan(results[method][1]).all() for method in ("fdr_bh", "fdr_by", "fdr_tsbh", "hommel"))
assert results["fdr_bh"][0].tolist() == [True, True, False, False]
assert np.isclose(results["holm"][1][0], 0.004) and np.isclose(results["bonferroni"][1][0], 0.004)
PYTHON
