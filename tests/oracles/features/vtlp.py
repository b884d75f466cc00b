"""Reference values of the warp of vocal tract length perturbation, computed with nlpaug.

    pip install -r requirements.txt && python vtlp.py

Writes `vtlp.json` beside itself: versions, and for each case alpha, F_hi and sample rate in hertz, frequencies from 0 to
half the sample rate, and where `nlpaug.model.audio.vtlp.Vtlp.get_scale_factors` brings them. nlpaug hands that function
the bins of half a spectrum as if they were those of the whole; here it gets frequencies of the whole, and what lies beyond
half the sample rate is dropped.

Tolerance: both sides compute in double precision, 1e-9 of the frequency.
"""

import json
import pathlib
import platform

import nlpaug
import numpy
from nlpaug.model.audio.vtlp import Vtlp

HERE = pathlib.Path(__file__).parent
HALF = 40  # steps from 0 to half the sample rate
CASES = [
    (alpha, f_hi_hz, rate_hz)
    for alpha in (0.9, 0.95, 1.0, 1.04, 1.1)
    for f_hi_hz, rate_hz in ((4800, 16_000), (3000, 8_000), (4800, 48_000))
]


def main():
    cases = []
    for alpha, f_hi_hz, rate_hz in CASES:
        hz = numpy.linspace(0, 1, 2 * HALF + 1) * rate_hz
        warped = Vtlp.get_scale_factors(2 * HALF + 1, rate_hz, fhi=f_hi_hz, alpha=alpha)
        cases.append(
            {
                "alpha": alpha,
                "f_hi_hz": f_hi_hz,
                "sample_rate_hz": rate_hz,
                "hz": hz[: HALF + 1].tolist(),
                "warped_hz": warped[: HALF + 1].tolist(),
            }
        )
    versions = {"python": platform.python_version(), "nlpaug": nlpaug.__version__, "numpy": numpy.__version__}
    (HERE / "vtlp.json").write_text(json.dumps({"versions": versions, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
