"""Every measure as a plain computation from its definition."""

from __future__ import annotations

import math


def by_the_authors_rule(grades, hits, p, normalize):
    """Clarke, Vtyurina and Smucker's rule in plain words, one depth after the other."""
    ideal = sorted((d for d in grades if grades[d] > 0), key=lambda d: hits.index(d) if d in hits else len(hits))
    ideal.sort(key=lambda d: -grades[d])

    def overlap(ranking):
        weights = [p**depth for depth in range(1000)]
        shares = [len({*ranking[:depth]} & {*ideal[:depth]}) / depth for depth in range(1, 1001)]
        return sum(weight * share for weight, share in zip(weights, shares, strict=True)) / sum(weights)

    best = overlap(ideal)
    return 0.0 if not ideal else overlap(hits) / best if normalize else overlap(hits)


def dcg(gains):
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def best(gains):
    return sorted(gains, reverse=True)


def ndcg(hits, judged, k=None, gain=lambda grade: max(grade, 0)):
    ideal = dcg(best(map(gain, judged))[:k])
    return dcg(map(gain, hits[:k])) / ideal if ideal else 0.0


def exponential(grade):
    return 2 ** max(grade, 0) - 1


def relevant(grades, rel):
    return sum(grade >= rel for grade in grades)


def precision(hits, k, rel):
    return relevant(hits[:k], rel) / k


def recall(hits, judged, k, rel):
    return relevant(hits[:k], rel) / max(relevant(judged, rel), 1)


def average_precision(hits, judged, k, rel):
    found = [precision(hits, rank, rel) for rank, grade in enumerate(hits[:k], 1) if grade >= rel]
    return sum(found) / max(relevant(judged, rel), 1)


def reciprocal_rank(hits, k, rel):
    return next((1 / rank for rank, grade in enumerate(hits[:k], 1) if grade >= rel), 0.0)


def bpref(hits, judged, rel):
    """Buckley & Voorhees: of the relevant hits, 1 - judged wrong ones above / min(R, N); -1 counts as unjudged."""
    right, wrong = relevant(judged, rel), sum(0 <= grade < rel for grade in judged)
    total = 0.0
    for rank, grade in enumerate(hits):
        if grade >= rel:
            above = sum(0 <= each < rel for each in hits[:rank])
            total += 1 - min(above, right) / min(right, wrong) if above else 1
    return total / max(right, 1)


def inferred_ap(hits, judged, rel):
    """Yilmaz & Aslam with trec_eval's smoothing; those of a grade below 0 are pooled and not judged."""
    total = 0.0
    for rank, grade in enumerate(hits):
        if grade >= rel:
            pooled = [each for each in hits[:rank] if each != UNPOOLED]
            good, bad = relevant(pooled, rel), sum(0 <= each < rel for each in pooled)
            share = len(pooled) / rank if rank else 0
            total += 1 / (rank + 1) + (rank / (rank + 1)) * share * (good + 1e-5) / (good + bad + 2e-5) if rank else 1
    return total / max(relevant(judged, rel), 1)


UNPOOLED = -9


def err(hits, k):
    total, left = 0.0, 1.0
    for rank, grade in enumerate(hits[:k], 1):
        satisfied = exponential(grade) / 16
        total, left = total + left * satisfied / rank, left * (1 - satisfied)
    return total


def rbp(hits, judged, p, rel=None, k=None):
    highest = max(*judged, 1)
    gains = [max(grade, 0) / highest if rel is None else float(grade >= rel) for grade in hits[:k]]
    return (1 - p) * sum(gain * p**rank for rank, gain in enumerate(gains))


def interpolated(hits, judged, share, rel):
    wanted = math.floor(share * relevant(judged, rel) + 0.5)
    reached = [precision(hits, k, rel) for k in range(1, len(hits) + 1) if relevant(hits[:k], rel) >= wanted]
    return max(reached, default=0.0) if relevant(judged, rel) else 0.0


def set_precision(hits, rel):
    return relevant(hits, rel) / len(hits) if hits else 0.0


def set_f(hits, judged, x, rel):
    p, r = set_precision(hits, rel), recall(hits, judged, None, rel)
    return (x + 1) * p * r / (r + x * p) if p else 0.0


def relative_precision(hits, judged, rel):
    most = min(len(hits), relevant(judged, rel))
    return relevant(hits, rel) / most if most else 0.0


def of_judged(hits):
    return [grade for grade in hits if grade >= 0]


def judged_share(ranked, k):
    first = ranked[:k]
    return sum(grade is not None for grade in first) / len(first) if first else 0.0


# Name -> its value from the grades of the hits (unjudged: -1) and of the judged documents.
PLAIN = {
    "AP": lambda h, j: average_precision(h, j, None, 1),
    "AP(rel=2)@5": lambda h, j: average_precision(h, j, 5, 2),
    "AP(judged_only=True)@3": lambda h, j: average_precision(of_judged(h), j, 3, 1),
    "Bpref": lambda h, j: bpref(h, j, 1),
    "Bpref(rel=2)": lambda h, j: bpref(h, j, 2),
    "ERR": lambda h, j: err(h, None),
    "ERR@3": lambda h, j: err(h, 3),
    "IPrec@0.3": lambda h, j: interpolated(h, j, 0.3, 1),
    "IPrec(rel=2,judged_only=True)@0.5": lambda h, j: interpolated(of_judged(h), j, 0.5, 2),
    "nDCG": ndcg,
    "nDCG@4": lambda h, j: ndcg(h, j, 4),
    "nDCG(judged_only=True)@4": lambda h, j: ndcg(of_judged(h), j, 4),
    "nDCG(dcg='exp-log2')@4": lambda h, j: ndcg(h, j, 4, exponential),
    "nDCG(gains={1:5,2:3})@4": lambda h, j: ndcg(h, j, 4, lambda grade: {1: 5, 2: 3}.get(grade, max(grade, 0))),
    "NumQ": lambda h, j: 1,
    "NumRel": lambda h, j: relevant(j, 1),
    "NumRel(rel=3)": lambda h, j: relevant(j, 3),
    "NumRet": lambda h, j: len(h),
    "NumRelRet": lambda h, j: relevant(h, 1),
    "NumRet(rel=3)": lambda h, j: relevant(h, 3),
    "P@5": lambda h, j: precision(h, 5, 1),
    "P(rel=3,judged_only=True)@2": lambda h, j: precision(of_judged(h), 2, 3),
    "R@5": lambda h, j: recall(h, j, 5, 1),
    "R(rel=2,judged_only=True)@3": lambda h, j: recall(of_judged(h), j, 3, 2),
    "RBP": lambda h, j: rbp(h, j, 0.8),
    "RBP(p=0.5,rel=2)@4": lambda h, j: rbp(h, j, 0.5, 2, 4),
    "Rprec": lambda h, j: precision(h, relevant(j, 1) or 1, 1),
    "Rprec(rel=2,judged_only=True)": lambda h, j: precision(of_judged(h), relevant(j, 2) or 1, 2),
    "RR": lambda h, j: reciprocal_rank(h, None, 1),
    "RR(rel=3)@4": lambda h, j: reciprocal_rank(h, 4, 3),
    "RR(rel=2,judged_only=True)@2": lambda h, j: reciprocal_rank(of_judged(h), 2, 2),
    "SetP": lambda h, j: set_precision(h, 1),
    "SetP(rel=2,judged_only=True)": lambda h, j: set_precision(of_judged(h), 2),
    "SetRelP": lambda h, j: relative_precision(h, j, 1),
    "SetR": lambda h, j: recall(h, j, None, 1),
    "SetR(rel=2)": lambda h, j: recall(h, j, None, 2),
    "SetF": lambda h, j: set_f(h, j, 1, 1),
    "SetF(rel=2,beta=0.5,judged_only=True)": lambda h, j: set_f(of_judged(h), j, 0.5, 2),
    "SetAP": lambda h, j: set_precision(h, 1) * recall(h, j, None, 1),
    "SetAP(rel=2,judged_only=True)": lambda h, j: set_precision(of_judged(h), 2) * recall(h, j, None, 2),
    "Success@2": lambda h, j: float(relevant(h[:2], 1) > 0),
    "Success(rel=3,judged_only=True)@2": lambda h, j: float(relevant(of_judged(h)[:2], 3) > 0),
}


# These ask which documents were judged, or by which id.
BY_DOCUMENT = {
    "Compat": lambda row, grades: by_the_authors_rule(grades, row, 0.95, normalize=True),
    "Judged": lambda row, grades: judged_share([grades.get(each) for each in row], None),
    "Judged@3": lambda row, grades: judged_share([grades.get(each) for each in row], 3),
    "infAP": lambda row, grades: inferred_ap([grades.get(each, UNPOOLED) for each in row], [*grades.values()], 1),
}
