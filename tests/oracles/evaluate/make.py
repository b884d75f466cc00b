"""Reference values for ser-evaluate, from scikit-learn, SciPy, statsmodels and cleanlab.

    pip install -r requirements.txt && python make.py

writes the JSON files beside this file.

metrics.json: pairs of (truth, predicted) as class indices, with the figures of scikit-learn. The rules that ser-evaluate
states are asked for by name: zero_division=0; the unweighted means over the classes that occur as truth, which is what
balanced_accuracy_score does by itself and what f1_score does with labels= those classes. Tolerance 1e-12: the same
sums of at most a few hundred terms, in another order.

intervals.json: confusion matrices of speakers, with the standard error of every figure from scipy.stats.bootstrap over
speakers (200 000 resamples) and the interval that follows from it: Student's t of SciPy, on the logit scale. The tests
draw 20 000 with another generator. A standard deviation of n draws has a relative standard error of about
sqrt((k - 1) / 4 n) for a kurtosis k; with k up to 5, which few speakers of unlike skill reach, that is 0.7 % for
20 000 and 0.2 % for 200 000. Widths on the logit scale are compared to 3 %, four such errors.

calibration.json: probabilities and truths, with scikit-learn's Brier score, log loss and reliability curve, the expected
calibration error that follows from that curve, and the temperature that scipy.optimize finds to minimise scikit-learn's log loss.
Tolerance 1e-9 for figures, sums of 300 terms; 1e-6 for temperatures, to which both minimisers are told to go.

comparisons.json: the answers of two models by speaker, with statsmodels' McNemar test, SciPy's exact permutation test (8
speakers) and its bracket of four standard errors at 9999 permutations (24 speakers), and the paired bootstrap's
standard error from scipy.stats.bootstrap, compared to 3 % as above.

label_errors.json: probabilities and labels, a tenth of them wrong, with the clips that cleanlab's find_label_issues
(filter_by="confident_learning", return_indices_ranked_by="normalized_margin") names, in its order.
"""

import json
from pathlib import Path

import cleanlab
import numpy as np
import scipy
import sklearn
import statsmodels
from cleanlab.filter import find_label_issues
from scipy import optimize, stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)
from statsmodels.stats.contingency_tables import mcnemar

HERE = Path(__file__).parent
DRAWS = 200_000
TEST_DRAWS = 20_000
PERMUTATIONS = 9999
BINS = 15


def metrics_case(name, classes, truth, predicted):
    every = list(range(classes))
    occurring = sorted(set(truth))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=every, zero_division=0
    )
    return {
        "name": name,
        "classes": classes,
        "pairs": [[int(t), int(p)] for t, p in zip(truth, predicted)],
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.tolist(),
        "accuracy": accuracy_score(truth, predicted),
        "uar": balanced_accuracy_score(truth, predicted),
        "macro_f1": f1_score(truth, predicted, labels=occurring, average="macro", zero_division=0),
        "weighted_f1": f1_score(truth, predicted, average="weighted", zero_division=0),
        "macro_f1_over_all_seen": f1_score(truth, predicted, average="macro", zero_division=0),
    }


def metrics_cases(rng):
    def noisy(truth, classes, right):
        other = rng.integers(0, classes, len(truth))
        return np.where(rng.random(len(truth)) < right, truth, other)

    cases = []
    for index, (classes, clips, right) in enumerate([(8, 400, 0.6), (8, 400, 0.1), (6, 97, 0.8), (2, 31, 0.5)]):
        truth = rng.integers(0, classes, clips)
        cases.append(metrics_case(f"random {index}", classes, truth, noisy(truth, classes, right)))
    skewed = rng.choice(8, 500, p=[0.5, 0.2, 0.1, 0.08, 0.05, 0.04, 0.02, 0.01])
    cases.append(metrics_case("skewed", 8, skewed, noisy(skewed, 8, 0.5)))
    without = rng.choice([0, 2, 3], 60)
    cases.append(metrics_case("a class without clips, predicted", 4, without, noisy(without, 4, 0.5)))
    truth = rng.integers(0, 4, 60)
    said = noisy(truth, 4, 0.6)
    cases.append(metrics_case("a class never predicted", 4, truth, np.where(said == 1, 2, said)))
    never = rng.choice([0, 1], 40)
    cases.append(metrics_case("classes that neither occur nor are predicted", 8, never, noisy(never, 2, 0.7)))
    cases.append(metrics_case("one class, all right", 3, [1] * 7, [1] * 7))
    cases.append(metrics_case("one class, all wrong", 3, [1] * 7, [0] * 7))
    cases.append(metrics_case("one clip", 2, [0], [1]))
    cases.append(metrics_case("all wrong", 3, [0, 1, 2], [1, 2, 0]))
    return cases


def scores(matrix):
    """Accuracy, UAR, macro-F1, weighted F1, and the figures of class 0, of a stack of confusion matrices."""
    support = matrix.sum(2)
    predicted = matrix.sum(1)
    hits = np.einsum("rkk->rk", matrix)
    recall = np.divide(hits, support, out=np.zeros(hits.shape), where=support > 0)
    f1 = np.divide(2 * hits, support + predicted, out=np.zeros(hits.shape), where=support + predicted > 0)
    occurring = support > 0
    return {
        "accuracy": hits.sum(1) / support.sum(1),
        "uar": (recall * occurring).sum(1) / occurring.sum(1),
        "macro_f1": (f1 * occurring).sum(1) / occurring.sum(1),
        "weighted_f1": (f1 * support).sum(1) / support.sum(1),
        "recall_0": recall[:, 0],
        "precision_0": np.divide(hits, predicted, out=np.zeros(hits.shape), where=predicted > 0)[:, 0],
        "f1_0": f1[:, 0],
    }


def bootstrap_error(rng, units, statistic):
    """Standard error of statistic(weights of units) over resamples of whole units, by SciPy."""

    def of_indices(indices, axis=-1):
        indices = np.atleast_2d(indices)
        weights = np.zeros(indices.shape)
        np.add.at(weights, (np.arange(len(indices))[:, None], indices.astype(int)), 1)
        return statistic(weights)

    found = stats.bootstrap(
        (np.arange(units),), of_indices, n_resamples=DRAWS, batch=10_000, vectorized=True, axis=-1,
        method="percentile", rng=rng,
    )
    return float(found.standard_error)


def half_width(error, units):
    """units of equal size: the effective number of speakers is their number."""
    return error * np.sqrt(units / (units - 1)) * stats.t.ppf(0.975, units - 1)


def interval_case(rng, name, speakers, classes, spread):
    matrices = np.zeros((speakers, classes, classes), dtype=int)
    for speaker in range(speakers):
        skill = np.clip(0.55 + spread * rng.standard_normal(), 0.05, 0.95)
        for truth in range(classes):
            for _ in range(12):
                said = truth if rng.random() < skill else rng.integers(0, classes)
                matrices[speaker, truth, said] += 1
    whole = scores(matrices.sum(0)[None])
    figures = {}
    for metric, values in whole.items():
        value = values[0]
        error = bootstrap_error(
            rng, speakers, lambda weights: scores(np.einsum("rs,sij->rij", weights, matrices))[metric]
        )
        logit, half = np.log(value / (1 - value)), half_width(error / (value * (1 - value)), speakers)
        low, high = 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))
        figures[metric] = {"value": value, "standard_error": error, "low": low, "high": high}
    return {"name": name, "draws": TEST_DRAWS, "speakers": matrices.tolist(), "figures": figures}


def probabilities(rng, clips, classes, sharpness, wrong=0.0):
    truth = rng.integers(0, classes, clips)
    logits = rng.standard_normal((clips, classes))
    logits[np.arange(clips), truth] += 1.2
    logits *= sharpness
    rows = np.exp(logits - logits.max(1, keepdims=True))
    rows = np.round(rows / rows.sum(1, keepdims=True), 9)
    rows[:, 0] += 1 - rows.sum(1)
    label = np.where(rng.random(clips) < wrong, rng.integers(0, classes, clips), truth)
    return rows, label


def calibration_case(rng, name, clips, classes, sharpness):
    rows, truth = probabilities(rng, clips, classes, sharpness)
    labels = np.arange(classes)
    confidence, right = rows.max(1), rows.argmax(1) == truth
    accuracy, mean = calibration_curve(right, confidence, n_bins=BINS, strategy="uniform")
    edges = np.linspace(0, 1, BINS + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=BINS)
    counts = counts[counts > 0]

    def loss(logarithm):
        scaled = np.log(rows) / np.exp(logarithm)
        scaled = np.exp(scaled - scaled.max(1, keepdims=True))
        return log_loss(truth, scaled / scaled.sum(1, keepdims=True), labels=labels)

    fit = optimize.minimize_scalar(loss, bounds=np.log([0.05, 20]), method="bounded", options={"xatol": 1e-10})
    return {
        "name": name,
        "probabilities": rows.tolist(),
        "truth": truth.tolist(),
        "brier": brier_score_loss(truth, rows, labels=labels, scale_by_half=False),
        "log_loss": log_loss(truth, rows, labels=labels),
        "ece": float((counts * np.abs(accuracy - mean)).sum() / clips),
        "bins": [[int(n), c, a] for n, c, a in zip(counts, mean.tolist(), accuracy.tolist())],
        "temperature": float(np.exp(fit.x)),
    }


def comparison_case(rng, name, speakers, classes, better):
    clips = np.full((speakers, classes), 10)
    skill = np.clip(0.5 + 0.15 * rng.standard_normal((speakers, 1)), 0.1, 0.9)
    both, one, other, neither = np.moveaxis(
        np.array(
            [
                [rng.multinomial(10, [p * 0.7, p * 0.3 + better, 0.1, 0.9 - p - better]) for _ in range(classes)]
                for p in np.minimum(skill[:, 0], 0.85 - better)
            ]
        ),
        2,
        0,
    )
    first, second = both + one, both + other
    table = [[int(both.sum()), int(one.sum())], [int(other.sum()), int(neither.sum())]]
    exact = mcnemar(table, exact=True).pvalue
    differing = int(one.sum() + other.sum())
    mid = exact - stats.binom.pmf(min(table[0][1], table[1][0]), differing, 0.5)
    contribution = (first / clips.sum(0)).mean(1), (second / clips.sum(0)).mean(1)
    resamples = np.inf if speakers <= 13 else 1_000_000
    permuted = stats.permutation_test(
        contribution, lambda a, b, axis: a.sum(axis) - b.sum(axis), permutation_type="samples", vectorized=True,
        n_resamples=resamples, batch=100_000, rng=rng,
    ).pvalue

    def difference(weights):
        sums = [weights @ counts for counts in (clips, first, second)]
        return (sums[1] / sums[0]).mean(1) - (sums[2] / sums[0]).mean(1)

    value = float(difference(np.ones((1, speakers)))[0])
    half = half_width(bootstrap_error(rng, speakers, difference), speakers)
    error = 4 * np.sqrt(permuted * (1 - permuted) / PERMUTATIONS) if speakers > 13 else 1e-12
    return {
        "name": name,
        "draws": TEST_DRAWS,
        "clips": clips.tolist(),
        "first": first.tolist(),
        "second": second.tolist(),
        "first_only": table[0][1],
        "second_only": table[1][0],
        "mcnemar_mid_p": float(mid),
        "permutation": [float(permuted - error), float(permuted + error)],
        "difference": value,
        "half_width": float(half),
    }


def label_case(rng, name, clips, classes):
    rows, labels = probabilities(rng, clips, classes, 1.5, wrong=0.1)
    ranked = find_label_issues(
        labels, rows, filter_by="confident_learning", return_indices_ranked_by="normalized_margin", n_jobs=1
    )
    return {"name": name, "classes": classes, "probabilities": rows.tolist(), "labels": labels.tolist(), "ranked": ranked.tolist()}


def write(file, content):
    (HERE / file).write_text(json.dumps(content) + "\n")


def main():
    versions = {
        "scikit-learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "statsmodels": statsmodels.__version__,
        "cleanlab": cleanlab.__version__,
    }
    metrics = {"versions": versions, "tolerance": 1e-12, "cases": metrics_cases(np.random.default_rng(20240607))}
    (HERE / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    rng = np.random.default_rng(20240608)
    cases = [
        interval_case(rng, "24 speakers, 4 classes", 24, 4, 0.15),
        interval_case(rng, "91 speakers, 6 classes", 91, 6, 0.1),
        interval_case(rng, "5 speakers, 3 classes", 5, 3, 0.2),
    ]
    write("intervals.json", {"versions": versions, "tolerance": 0.03, "cases": cases})
    rng = np.random.default_rng(20240609)
    cases = [
        calibration_case(rng, "overconfident", 300, 6, 2.5),
        calibration_case(rng, "underconfident", 300, 4, 0.5),
        calibration_case(rng, "two classes", 100, 2, 1.0),
    ]
    write("calibration.json", {"versions": versions, "tolerance": 1e-9, "bins": BINS, "cases": cases})
    rng = np.random.default_rng(20240610)
    cases = [
        comparison_case(rng, "8 speakers, a little better", 8, 4, 0.03),
        comparison_case(rng, "24 speakers, a little better", 24, 4, 0.02),
        comparison_case(rng, "12 speakers, no better", 12, 3, -0.05),
    ]
    write("comparisons.json", {"versions": versions, "tolerance": 0.03, "cases": cases})
    rng = np.random.default_rng(20240611)
    cases = [label_case(rng, "4 classes", 250, 4), label_case(rng, "8 classes", 300, 8)]
    write("label_errors.json", {"versions": versions, "cases": cases})


if __name__ == "__main__":
    main()
