"""Reference values for ser-evaluate, from scikit-learn, SciPy, statsmodels and cleanlab.

    pip install -r requirements.txt && python make.py

writes the JSON files beside this file.

metrics.json: pairs of (truth, predicted) as class indices, with the figures of scikit-learn. The rules that ser-evaluate
states are asked for by name: zero_division=0; the unweighted means over the classes that occur as truth, which is what
balanced_accuracy_score does by itself and what f1_score does with labels= those classes. Tolerance 1e-12: the same
sums of at most a few hundred terms, in another order.

intervals.json: confusion matrices of speakers, with the standard error of every figure over all classes from scipy.stats.bootstrap over
speakers (200 000 resamples) and the interval that follows from it: Student's t of SciPy, on the logit scale. The tests
draw 20 000 with another generator. A standard deviation of n draws has a relative standard error of about
sqrt((k - 1) / 4 n) for a kurtosis k; with k up to 5, which few speakers of unlike skill reach, that is 0.7 % for
20 000 and 0.2 % for 200 000. Widths on the logit scale are compared to 3 %, four such errors.

class_intervals.json: confusion matrices of speakers, few and unequal ones too, with the intervals of single classes. The variance
of a share is that of statsmodels' regression of "the clip is a hit" on a constant with speakers as clusters, the
interval statsmodels' Wilson interval at the level at which the normal quantile is SciPy's quantile of Student's t. Nothing is
drawn at random: tolerance 1e-9, for sums of some hundred terms and for quantiles that both invert to 1e-10.

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
import statsmodels.api as sm
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
from statsmodels.stats.proportion import proportion_confint

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
    """Accuracy, UAR, macro-F1 and weighted F1 of a stack of confusion matrices."""
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


def half_width(error, sizes):
    """Of speakers with so many clips: the degrees of freedom are Satterthwaite's, from the covariance of the deviations."""
    shares = np.asarray(sizes) / np.sum(sizes)
    effective = 1 / (shares**2).sum()
    covariance = np.diag(shares) - np.outer(shares, shares)
    degrees = np.trace(covariance) ** 2 / np.trace(covariance @ covariance)
    return error * np.sqrt(effective / (effective - 1)) * stats.t.ppf(0.975, degrees)


def interval_case(rng, name, speakers, classes, spread, clips=(12,)):
    """clips of a class, speaker by speaker, from the start again after the last."""
    matrices = np.zeros((speakers, classes, classes), dtype=int)
    for speaker in range(speakers):
        skill = np.clip(0.55 + spread * rng.standard_normal(), 0.05, 0.95)
        for truth in range(classes):
            for _ in range(clips[speaker % len(clips)]):
                said = truth if rng.random() < skill else rng.integers(0, classes)
                matrices[speaker, truth, said] += 1
    whole = scores(matrices.sum(0)[None])
    figures = {}
    for metric, values in whole.items():
        value = values[0]
        error = bootstrap_error(
            rng, speakers, lambda weights: scores(np.einsum("rs,sij->rij", weights, matrices))[metric]
        )
        logit, half = np.log(value / (1 - value)), half_width(error / (value * (1 - value)), matrices.sum((1, 2)))
        low, high = 1 / (1 + np.exp(half - logit)), 1 / (1 + np.exp(-half - logit))
        figures[metric] = {"value": value, "standard_error": error, "low": low, "high": high}
    return {"name": name, "draws": TEST_DRAWS, "speakers": matrices.tolist(), "figures": figures}


BORROWED = 3
LEAST_EFFECT = 0.25


def share_of_clips(matrices, chosen):
    """Hits and clips of a share, clips at a clip's speaker, degrees of freedom and own design effect.

    chosen: per speaker, (clips that are hits, clips that are not).
    """
    hit = np.concatenate([[1.0] * hits + [0.0] * misses for hits, misses in chosen])
    speaker = np.repeat(np.arange(len(chosen)), [hits + misses for hits, misses in chosen])
    if len(hit) == 0:
        return None
    sizes = np.bincount(speaker)
    effective = max(sizes.sum() ** 2 / (sizes**2).sum(), 1.3)
    own = None
    if 0 < hit.sum() < len(hit):
        fit = sm.OLS(hit, np.ones(len(hit))).fit(
            cov_type="cluster", cov_kwds={"groups": speaker, "use_correction": False}
        )
        apart = hit.mean() * (1 - hit.mean()) / len(hit)
        own = effective / (effective - 1) * fit.cov_params()[0, 0] / apart
    return hit.sum(), len(hit), (sizes**2).sum() / len(hit), effective - 1, own


def intervals_of(shares):
    """[low, high] of each class's share, None where it has none."""
    known = [share for share in shares if share and share[4] is not None]
    clustered = sum(share[2] - 1 for share in known)
    correlation = sum(share[4] - 1 for share in known) / clustered if clustered > 0 else 0.0
    found = []
    for share in shares:
        if share is None:
            found.append(None)
            continue
        hits, clips, cluster, degrees, own = share
        borrowed = min(BORROWED, (len(known) - (own is not None)) * degrees)
        pooled = 1 + (cluster - 1) * correlation
        effect = (borrowed * pooled + degrees * (pooled if own is None else own)) / (borrowed + degrees)
        effect = max(effect, LEAST_EFFECT)
        alpha = 2 * stats.norm.sf(stats.t.ppf(0.975, borrowed + degrees))
        low, high = proportion_confint(hits / effect, clips / effect, alpha=alpha, method="wilson")
        found.append([float(low), float(high)])
    return found


def class_case(name, matrices):
    classes = range(matrices.shape[1])
    enough = [(matrices[:, c].sum(1) > 0).sum() >= 3 for c in classes]

    def shares(misses):
        return intervals_of(
            [
                share_of_clips(matrices, [(m[c, c], misses(m, c)) for m in matrices]) if enough[c] else None
                for c in classes
            ]
        )

    missed = lambda m, c: m[c].sum() - m[c, c]
    mistaken = lambda m, c: m[:, c].sum() - m[c, c]
    jaccard = shares(lambda m, c: missed(m, c) + mistaken(m, c))
    return {
        "name": name,
        "speakers": matrices.tolist(),
        "precision": shares(mistaken),
        "recall": shares(missed),
        "f1": [ends and [2 * end / (1 + end) for end in ends] for ends in jaccard],
    }


def class_cases(rng):
    def matrices(clips, skill):
        """clips: speakers x classes."""
        found = np.zeros((*clips.shape, clips.shape[1]), dtype=int)
        for speaker, of_classes in enumerate(clips):
            right = np.clip(skill + 0.2 * rng.standard_normal(), 0.02, 0.98)
            for truth, count in enumerate(of_classes):
                for _ in range(count):
                    found[speaker, truth, truth if rng.random() < right else rng.integers(0, len(of_classes))] += 1
        return found

    perfect = matrices(np.full((3, 4), 8), 0.5)
    perfect[:, 2] = 0
    perfect[:, :, 2] = 0
    perfect[:, 2, 2] = 8
    never = matrices(np.full((5, 3), 6), 0.4)
    never[:, :, 0] += never[:, :, 1]
    never[:, :, 1] = 0
    rare = np.full((4, 3), 10)
    rare[:2, 1] = 0
    alone = np.zeros((4, 2), dtype=int)
    alone[:, 0] = [10, 12, 9, 30]
    alike = np.tile(np.array([[6, 2], [3, 9]]), (5, 1, 1))
    return [
        class_case("3 speakers, 4 classes", matrices(np.full((3, 4), 8), 0.6)),
        class_case("24 speakers, 8 classes", matrices(np.full((24, 8), 8), 0.5)),
        class_case("speakers and classes unequal", matrices(rng.integers(1, 30, (6, 4)), 0.7)),
        class_case("a class that is always right", perfect),
        class_case("a class that is never predicted", never),
        class_case("a class of two speakers", matrices(rare, 0.6)),
        class_case("one class with clips", matrices(alone, 0.6)),
        class_case("speakers all alike", alike),
        class_case("all right", np.tile(np.diag([5, 5]), (4, 1, 1))),
    ]


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
    half = half_width(bootstrap_error(rng, speakers, difference), clips.sum(1))
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
        interval_case(rng, "8 speakers of unequal size, 4 classes", 8, 4, 0.15, clips=(20, 6, 9, 12)),
    ]
    write("intervals.json", {"versions": versions, "tolerance": 0.03, "cases": cases})
    write("class_intervals.json", {"versions": versions, "tolerance": 1e-9, "cases": class_cases(np.random.default_rng(20240612))})
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
