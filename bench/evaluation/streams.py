"""Every random choice of a run, each from a stream of its own: one seed, and what is drawn.

numpy fills a seed up with zeros, so that [s, 3] and [s, 3, 0] are one stream: parts count from 1 here.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What is drawn. A number stays with its purpose: another one moves every interval that was ever published.

    5 was that of draws which are made no more.
    """

    TIMING_ORDER = 1  # of the queries, in which they are timed
    MEAN = 2  # the draws of an interval of a mean
    DIFFERENCE = 3  # the draws of an interval of a paired difference
    SIGNS = 4  # the signs of a randomisation test
    LUCK = 6  # random orders of the documents, and the means that they give
    WORDINGS = 7  # the draws over groups of wordings
    ANALYSIS = 8  # a part for each question of bench.analysis
    RANDOM_RANKING = 9  # the control
    MARGIN = 10  # the draws of the tests that a difference is within a margin
    SLICES = 11  # the shuffled labels of the test that a difference is the same on all slices
    BEST = 12  # the draws of the bounds of comparisons with the best
    FUSION = 13  # the draws of the interval of what the best fusion gains
    MAP = 14  # the texts that a map shows, where its method starts, the texts whose neighbours are counted; topics
    JUDGING = 15  # the order in which pairs are judged, and the draws of intervals once all are
    DISTRACTORS = 16  # the order in which documents join a set that grows
    FOLDS = 17  # of a tuning: which queries lie in which
    DOCUMENT_ORDER = 18  # in which documents are handed to an index


def stream(seed: int, purpose: Purpose, part: int | None = None) -> np.random.Generator:
    """The generator of one purpose, or of one of its parts (0, 1, …), independent of all others of that seed."""
    parts = () if part is None else (part + 1,)
    return np.random.default_rng([seed, int(purpose), *parts])
