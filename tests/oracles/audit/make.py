"""Reference values for ser-audit, from SciPy, scikit-learn and NumPy.

    pip install -r requirements.txt && python make.py

writes reference.json beside this file.

associations: pairs of (emotion, speaker) as indices, with chi-squared and Cramér's V of SciPy (no continuity correction),
the normalised mutual information of scikit-learn (arithmetic mean of the entropies), and Cramér's V with Bergsma's bias
correction (2013), which neither has: written out here from the paper with NumPy on SciPy's chi-squared, apart from the code
under test. effective_classes is e to the power of SciPy's entropy of the emotions.

shortcuts: a measurement and an emotion index for each clip, with the balanced accuracy of scikit-learn's CategoricalNB
(alpha 1, uniform prior) on bins by NumPy's quantiles of the training clips, cross-validated by scikit-learn's
PredefinedSplit: the i-th clip of a class is held out in fold i modulo 5.

durations: values with NumPy's quantiles (linear), mean and standard deviation (ddof 1).

Tolerances: 1e-10 for the associations (sums of a few hundred terms, and chi-squared by another, algebraically equal
formula), 1e-12 for the rest; balanced accuracies are ratios of counts and must agree to rounding.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import sklearn
from scipy.stats import chi2_contingency, entropy
from scipy.stats.contingency import association
from sklearn.metrics import balanced_accuracy_score, normalized_mutual_info_score
from sklearn.model_selection import PredefinedSplit
from sklearn.naive_bayes import CategoricalNB

HERE = Path(__file__).parent
BINS = 10
FOLDS = 5


def association_case(name, emotions, speakers):
    a, b = np.unique(emotions, return_inverse=True)[1], np.unique(speakers, return_inverse=True)[1]
    observed = np.zeros((a.max() + 1, b.max() + 1), dtype=int)
    np.add.at(observed, (a, b), 1)
    chi2 = chi2_contingency(observed, correction=False).statistic
    n, (r, c) = observed.sum(), observed.shape
    phi2 = max(0.0, chi2 / n - (r - 1) * (c - 1) / (n - 1))
    r_, c_ = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return {
        "name": name,
        "pairs": [[int(e), int(s)] for e, s in zip(emotions, speakers)],
        "chi_squared": float(chi2),
        "cramers_v_uncorrected": float(association(observed, method="cramer", correction=False)),
        "cramers_v": float(np.sqrt(phi2 / min(r_ - 1, c_ - 1))),
        "normalised_mutual_information": float(normalized_mutual_info_score(emotions, speakers)),
        "effective_classes": float(np.exp(entropy(observed.sum(1)))),
    }


class Binned:
    """CategoricalNB on one number, binned by the training values."""

    def fit(self, x, y):
        values = np.unique(x)
        if len(values) <= BINS:
            self.edges = values[1:]
        else:
            self.edges = np.unique(np.quantile(x[:, 0], np.arange(1, BINS) / BINS))
        self.model = CategoricalNB(alpha=1.0, fit_prior=False, min_categories=len(self.edges) + 1)
        self.model.fit(self.bins(x), y)
        return self

    def bins(self, x):
        return np.searchsorted(self.edges, x[:, 0], side="right")[:, None]

    def predict(self, x):
        return self.model.predict(self.bins(x))


def shortcut_case(name, values, emotions):
    folds = np.zeros(len(emotions), dtype=int)
    for emotion in np.unique(emotions):
        own = np.flatnonzero(emotions == emotion)
        folds[own] = np.arange(len(own)) % FOLDS
    predicted = np.empty_like(emotions)
    for train, test in PredefinedSplit(folds).split():
        predicted[test] = Binned().fit(values[train, None], emotions[train]).predict(values[test, None])
    return {
        "name": name,
        "values": values.tolist(),
        "emotions": emotions.tolist(),
        "balanced_accuracy": float(balanced_accuracy_score(emotions, predicted)),
        "skill": float(balanced_accuracy_score(emotions, predicted, adjusted=True)),
    }


def duration_case(name, values):
    quantiles = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    return {
        "name": name,
        "values": values.tolist(),
        "mean_s": float(values.mean()),
        "sd_s": float(values.std(ddof=1)),
        "quantiles_s": quantiles.tolist(),
    }


def main():
    rng = np.random.default_rng(20)
    emotions = rng.choice(8, 400, p=[0.2, 0.02, 0.18, 0.18, 0.18, 0.14, 0.06, 0.04])
    independent = rng.integers(0, 5, 400)
    dependent = np.where(rng.random(400) < 0.4, emotions % 5, independent)
    associations = [
        association_case("independent", emotions, independent),
        association_case("dependent", emotions, dependent),
        association_case("identical", emotions, emotions),
        association_case("two by two", emotions[:40] % 2, dependent[:40] % 2),
        association_case("many speakers", emotions, rng.integers(0, 60, 400)),
        association_case("speakers of one emotion each", emotions, emotions * 8 + rng.integers(0, 8, 400)),
        association_case("sparse", emotions[:25], rng.integers(0, 12, 25)),
    ]
    three = np.concatenate([np.zeros(60, int), np.ones(45, int), np.full(30, 2)])
    shifted = np.round(rng.normal(three * 1.5, 1.0), 3)
    shortcuts = [
        shortcut_case("shifted", shifted, three),
        shortcut_case("guessing", np.round(rng.normal(0, 1, 135), 3), three),
        shortcut_case("few values", rng.choice([8000.0, 16000.0, 48000.0], 135) + 8000.0 * (three == 2), three),
        shortcut_case("ties", np.round(shifted, 0), three),
        shortcut_case("heap", np.where(rng.random(135) < 0.6, 0.0, np.round(np.abs(shifted), 2)), three),
    ]
    durations = [duration_case("durations", np.round(rng.gamma(8.0, 0.4, 77), 4))]
    reference = {
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
        "associations": associations,
        "shortcuts": shortcuts,
        "durations": durations,
    }
    # One line for each case.
    text = json.dumps(reference).replace('{"name"', '\n{"name"')
    (HERE / "reference.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
