"""How far a program's grades agree with people's, on the documents that both graded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bench.evaluation.streams import Purpose, stream
from bench.judging.agreement import Coefficient, alpha, kappa
from bench.judging.grades import GradeLine, by_machines, by_people, combined

# Without so many documents that both graded nothing is said by a program's grades. In the pool's order they are a
# sample with known chances; a handful would show neither the agreement nor the error.
FEWEST_BOTH = 50


@dataclass(frozen=True)
class MachineAgreement:
    """both: documents that people and programs graded. kappa: Cohen's, weighted by the square of the distance; alpha:
    Krippendorff's, ordinal.
    """

    both: int
    kappa: Coefficient
    alpha: Coefficient

    @property
    def enough(self) -> bool:
        return self.both >= FEWEST_BOTH

    def can_be_enough(self, left: int) -> bool:
        """Whether there are, or can be once people have graded what is left, enough."""
        return self.both + left >= FEWEST_BOTH


def machine_agreement(lines: Iterable[GradeLine]) -> MachineAgreement:
    """The one grade of all people against the one grade of all programs."""
    given = list(lines)
    people, machines = combined(by_people(given)), combined(by_machines(given))
    both = sorted(people.keys() & machines.keys())
    ratings = np.array([[grades[pair] for pair in both] for grades in (people, machines)], dtype=np.float64)
    _, queries = np.unique([query for query, _ in both], return_inverse=True)
    rng = stream(0, Purpose.JUDGING)
    return MachineAgreement(
        len(both), kappa(ratings[0], ratings[1], queries, rng), alpha(ratings, queries, "ordinal", rng)
    )
