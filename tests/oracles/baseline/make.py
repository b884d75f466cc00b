"""Reference values for ser-baseline, from scikit-learn.

    pip install -r requirements.txt && python make.py

writes logistic.json beside this file: rows and classes, and the probabilities that LogisticRegression (lbfgs, L2, C = 1 / l2,
tol=1e-12) gives the same rows. Both stop where the gradient is small: ser-baseline at 1e-5 per clip, which for a loss at
least l2 / clips curved moves a weight by less than 1e-5 * 90 / l2, at l2 = 0.3 by 3e-3 in directions that the clips say
nothing of and far less in those that decide a probability. Tolerance 1e-4 for probabilities.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent


def case(rng, name, clips, functionals, classes, l2):
    truth = rng.integers(0, classes, clips)
    centres = rng.standard_normal((classes, functionals)) * 0.7
    rows = np.round(centres[truth] + rng.standard_normal((clips, functionals)), 4)
    model = LogisticRegression(C=1 / l2, tol=1e-12, max_iter=100_000).fit(rows, truth)
    return {
        "name": name,
        "classes": classes,
        "l2": l2,
        "rows": rows.tolist(),
        "truth": truth.tolist(),
        "probabilities": model.predict_proba(rows).tolist(),
    }


def main():
    rng = np.random.default_rng(20240612)
    cases = [
        case(rng, "three classes, weak penalty", 60, 4, 3, 0.3),
        case(rng, "eight classes, usual penalty", 90, 12, 8, 30.0),
        case(rng, "more functionals than clips", 20, 30, 3, 10.0),
    ]
    content = {"versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__}, "tolerance": 1e-4, "cases": cases}
    (HERE / "logistic.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
