#!/bin/sh
# Kappa of raters who put everything in one category: five libraries give four answers to the same valid table.
#
# Two raters call all ten images similar. Observed and expected agreement are both 1, so kappa is 0 / 0.
# Expected: one answer, undefined; or at least one answer within one library.
# Seen: NaN in scikit-learn 1.9.1 and in statsmodels 0.15.0 (method "fleiss"), but 1.0 in statsmodels with method "randolph";
# ValueError in krippendorff 0.9.0; ZeroDivisionError in irrCAC 0.4.4; 1.0 in nltk 3.10.4. A mean of kappas over readers or
# subgroups thus is NaN, stops, or is pulled up to 1 by those who never distinguish anything.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet statsmodels==0.15.0 scikit-learn==1.9.1 krippendorff==0.9.0 nltk==3.10.4 irrCAC==0.4.4 \
    "pandas<3"
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from nltk.metrics.agreement import AnnotationTask
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa

same = [1] * 10
table = np.array([[0, 2]] * 10)
task = AnnotationTask(data=[(rater, str(image), 1) for rater in "ab" for image in range(10)])
calls = {"scikit-learn cohen_kappa_score": lambda: cohen_kappa_score(same, same),
         "statsmodels fleiss_kappa": lambda: fleiss_kappa(table),
         "statsmodels fleiss_kappa, randolph": lambda: fleiss_kappa(table, method="randolph"),
         "krippendorff alpha": lambda: krippendorff.alpha([same, same], level_of_measurement="nominal"),
         "nltk kappa": task.kappa, "nltk pi (Fleiss)": task.pi,
         "irrCAC fleiss": lambda: CAC(pd.DataFrame({"a": same, "b": same})).fleiss()["est"]["coefficient_value"]}
seen = {}
for name, call in calls.items():
    try:
        seen[name] = str(float(call()))
    except (ValueError, ZeroDivisionError) as error:
        seen[name] = type(error).__name__
    print(f"{name} {version(name.split()[0])}: expected nan, seen {seen[name]}")
sys.exit(0 if list(seen.values()) == ["nan", "nan", "1.0", "ValueError", "1.0", "1.0", "ZeroDivisionError"] else 1)
PYTHON
