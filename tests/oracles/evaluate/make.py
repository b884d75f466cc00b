"""Reference values for ser-evaluate, from scikit-learn and NumPy.

    pip install -r requirements.txt && python make.py

writes metrics.json and bootstrap.json beside this file.

metrics.json: pairs of (truth, predicted) as class indices, with the figures of scikit-learn. The rules that ser-evaluate
states are asked for by name: zero_division=0; the unweighted means over the classes that occur as truth, which is what
balanced_accuracy_score does by itself and what f1_score does with labels= those classes. Tolerance 1e-12: the same
sums of at most a few hundred terms, in another order.

bootstrap.json: right and wrong answers of speakers for each class, with the ends of the 95 % interval over 400 000
resamples of whole speakers, written independently with NumPy. The tests draw 20 000 with another generator, so the
2.5th percentile of theirs is, with a standard error of sqrt(p (1 - p) / 20 000) = 0.0011 in p, the percentile of some
p near 0.025. Each end is stored as the pair of percentiles at p minus and plus four such errors: a bracket that needs no
assumption about the distribution, which with five speakers is far from smooth.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, precision_recall_fscore_support

HERE = Path(__file__).parent
DRAWS = 400_000
TEST_DRAWS = 20_000


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
    """Accuracy, UAR, macro-F1, weighted F1, and recall of class 0, of a stack of confusion matrices."""
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
        "recall_0": recall[:, 0][occurring[:, 0]],
    }


def bootstrap_case(rng, name, speakers, classes, spread):
    matrices = np.zeros((speakers, classes, classes), dtype=int)
    for speaker in range(speakers):
        skill = np.clip(0.55 + spread * rng.standard_normal(), 0.05, 0.95)
        for truth in range(classes):
            for _ in range(rng.integers(5, 15)):
                said = truth if rng.random() < skill else rng.integers(0, classes)
                matrices[speaker, truth, said] += 1
    samples = {}
    for _ in range(DRAWS // 10_000):
        times = rng.multinomial(speakers, [1 / speakers] * speakers, size=10_000)
        for metric, values in scores(np.einsum("rs,sij->rij", times, matrices)).items():
            samples.setdefault(metric, []).append(values)
    figures = {}
    for metric, parts in samples.items():
        values = np.concatenate(parts)
        figures[metric] = {}
        for end, share in [("low", 0.025), ("high", 0.975)]:
            error = 4 * np.sqrt(share * (1 - share) / TEST_DRAWS)
            figures[metric][end] = np.quantile(values, [share - error, share + error]).tolist()
    return {"name": name, "draws": TEST_DRAWS, "speakers": matrices.tolist(), "figures": figures}


def main():
    rng = np.random.default_rng(20240607)
    versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    metrics = {"versions": versions, "tolerance": 1e-12, "cases": metrics_cases(rng)}
    (HERE / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n")
    cases = [
        bootstrap_case(rng, "24 speakers, 4 classes", 24, 4, 0.15),
        bootstrap_case(rng, "91 speakers, 6 classes", 91, 6, 0.1),
        bootstrap_case(rng, "5 speakers, 3 classes", 5, 3, 0.2),
    ]
    (HERE / "bootstrap.json").write_text(json.dumps({"versions": versions, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
