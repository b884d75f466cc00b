"""Reference values for the standard error of an accuracy over several corpora, by the formulas of stratified sampling.

    python strata.py

writes strata.json beside this file; Python's own library suffices.

Corpora are strata, speakers the clusters drawn in them (Cochran, "Sampling Techniques", 3rd edition 1977, sections 5.4
and 11.9): of M clips in all, a corpus of n speakers with m_i clips and h_i right ones, p = sum h / sum m, has the variance

    g / (g - 1) * sum (h_i - p m_i)^2 / M^2,   g = (sum m)^2 / sum m^2  (n for speakers of one size)

and the variances of the corpora add up. Their degrees of freedom are Satterthwaite's: V^2 / sum (V_h^2 / d_h), d_h that of the
chi-square with the mean and variance of a sum of squared deviations of speakers of those sizes; n - 1 for speakers of one
size. All corpora have seven speakers or more, so that none borrows from the others.

Tolerance 2 % for standard errors: the tests draw 20 000 resamples, whose standard deviation has a relative standard error of about
0.5 %, and the ratio h / m of a resample is linear in its speakers only to first order. Degrees of freedom follow from the
variances: 5 %.
"""

import json
import random
from pathlib import Path

HERE = Path(__file__).parent


def corpus(rng, speakers, clips, skill, spread):
    """(right, clips) of each speaker; clips from the start again after the last."""
    found = []
    for number in range(speakers):
        share = min(max(rng.gauss(skill, spread), 0.02), 0.98)
        of_speaker = clips[number % len(clips)]
        found.append([sum(rng.random() < share for _ in range(of_speaker)), of_speaker])
    return found


def case(name, corpora):
    clips = sum(m for speakers in corpora for _, m in speakers)
    variances, degrees = [], []
    for speakers in corpora:
        size = sum(m for _, m in speakers)
        share = sum(h for h, _ in speakers) / size
        weights = [m / size for _, m in speakers]
        second, third = (sum(w**power for w in weights) for power in (2, 3))
        variances.append(sum((h - share * m) ** 2 for h, m in speakers) / clips**2 / (1 - second))
        degrees.append((1 - second) ** 2 / (second - 2 * third + second**2))
    variance = sum(variances)
    return {
        "name": name,
        "corpora": corpora,
        "standard_error": variance**0.5,
        "degrees": variance**2 / sum(v * v / d for v, d in zip(variances, degrees)),
    }


def main():
    rng = random.Random(20240613)
    cases = [
        case("two corpora alike", [corpus(rng, 12, [40], 0.6, 0.12), corpus(rng, 12, [40], 0.6, 0.12)]),
        case("hard and easy", [corpus(rng, 24, [60], 0.45, 0.1), corpus(rng, 8, [200], 0.9, 0.05)]),
        case(
            "three of unequal size",
            [corpus(rng, 7, [100], 0.7, 0.15), corpus(rng, 30, [20], 0.3, 0.1), corpus(rng, 10, [300], 0.8, 0.1)],
        ),
        case("speakers of unequal size", [corpus(rng, 16, [20, 30, 25, 20], 0.5, 0.1), corpus(rng, 12, [80], 0.85, 0.06)]),
    ]
    content = {"tolerance": 0.02, "degrees_tolerance": 0.05, "cases": cases}
    (HERE / "strata.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
