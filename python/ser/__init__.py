"""Speech emotion recognition: pipelines, predictions and tables of the program ``ser``.

The program does the work; this module calls it and hands over what it says as polars data frames.

>>> import ser
>>> ser.run(demo="demo")                        # doctest: +SKIP
>>> ser.predict("recordings/")                  # doctest: +SKIP
>>> ser.read("clips")                           # doctest: +SKIP
>>> ser.answers("answers/")                     # doctest: +SKIP
"""

from ._predict import answers, predict
from ._program import SerError, program
from ._run import run
from ._tables import read

__all__ = ["SerError", "answers", "predict", "program", "read", "run"]
