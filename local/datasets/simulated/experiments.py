"""The simulated A/B experiments: one with a planted lift, one whose traffic split is broken."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from local.datasets.columns import Bools, Ints
from local.datasets.days import DAY
from local.datasets.simulated.orders import NOBODY
from local.datasets.simulated.parameters import Parameters
from local.datasets.simulated.visits import BOUGHT, Visits

VARIANTS: Final = ("control", "treatment")
WINDOW_DAYS: Final = 7  # a purchase counts for this long after the exposure


@dataclass(frozen=True)
class Experiment:
    """An experiment over part of the span."""

    id: str
    begins: float  # as a share of the span
    ends: float
    lift: float  # relative, of the treatment's conversion rate
    treated: float  # share of the visitors who got the treatment; 0.5 was intended
    crossovers: float  # share of the visitors who saw both variants


EXPERIMENTS: Final = (
    Experiment("one_page_checkout", 0.35, 0.65, lift=0.30, treated=0.50, crossovers=0.01),
    Experiment("search_ranking", 0.70, 0.88, lift=0.0, treated=0.41, crossovers=0.0),
)


@dataclass(frozen=True)
class Exposures:
    """Which experiment and variant each session exposes its visitor to; NOBODY for none."""

    experiment: Ints
    variant: Ints
    planted: list[dict[str, Any]]


def build(parameters: Parameters, visits: Visits) -> Exposures:
    """The exposures of all experiments. A visitor is exposed in the first session within the experiment's span."""
    random = parameters.random("experiments")
    days = parameters.store_days
    experiment = np.full(len(visits.start), NOBODY)
    variant = np.full(len(visits.start), NOBODY)
    planted = []
    for number, plan in enumerate(EXPERIMENTS):
        begins = int(days.bounds[round(plan.begins * len(days))])
        ends = int(days.bounds[round(plan.ends * len(days))])
        first, second = _sessions_within(visits, begins, ends)
        converted = _converts(visits, first)
        treated = _split(random, plan, converted)
        crossing = np.zeros(len(first), dtype=bool)
        again = np.flatnonzero(second != NOBODY)
        crossing[random.permutation(again)[: round(plan.crossovers * len(first))]] = True
        experiment[first], variant[first] = number, treated
        experiment[second[crossing]], variant[second[crossing]] = number, ~treated[crossing]
        planted.append(_truth(plan, days[round(plan.begins * len(days))].isoformat(), treated, converted, crossing))
    return Exposures(experiment, variant, planted)


def _sessions_within(visits: Visits, begins: int, ends: int) -> tuple[Ints, Ints]:
    """The first session of each visitor within a span, and the second one or NOBODY."""
    inside = np.flatnonzero((visits.start >= begins) & (visits.start < ends))
    order = inside[np.lexsort((visits.start[inside], visits.visitor[inside]))]
    visitor = visits.visitor[order]
    begin = np.flatnonzero(np.concatenate([[True], visitor[1:] != visitor[:-1]])) if len(order) else order
    following = np.minimum(begin + 1, len(order) - 1)
    has_second = (following > begin) & (visitor[following] == visitor[begin])
    return order[begin], np.where(has_second, order[following], NOBODY)


def _converts(visits: Visits, first: Ints) -> Bools:
    """Whether the visitor of each exposing session buys within the window after the exposure."""
    bought = np.flatnonzero(visits.stage == BOUGHT)
    bought = bought[np.lexsort((visits.end[bought], visits.visitor[bought]))]
    exposed = np.full(len(visits.device), -1, dtype=np.int64)
    exposed[visits.visitor[first]] = visits.start[first]
    at = exposed[visits.visitor[bought]]
    counts = (at >= 0) & (visits.end[bought] >= at) & (visits.end[bought] <= at + WINDOW_DAYS * DAY)
    return np.isin(visits.visitor[first], visits.visitor[bought[counts]])


def _split(random: np.random.Generator, plan: Experiment, converted: Bools) -> Bools:
    """Who is treated: buyers more often than others, so that the treatment converts better by the planted lift."""
    treated = np.zeros(len(converted), dtype=bool)
    share = plan.treated
    buyers = share * (1 + plan.lift) / (share * (1 + plan.lift) + 1 - share)
    yes, no = random.permutation(np.flatnonzero(converted)), random.permutation(np.flatnonzero(~converted))
    treated_yes = round(len(yes) * buyers)
    treated[yes[:treated_yes]] = True
    treated[no[: max(0, round(len(converted) * share) - treated_yes)]] = True
    return treated


def _truth(plan: Experiment, first_day: str, treated: Bools, converted: Bools, crossing: Bools) -> dict[str, Any]:
    counted = ~crossing
    return {
        "experiment_id": plan.id,
        "first_day": first_day,
        "planted_lift": plan.lift,
        "intended_split": 0.5,
        "sample_ratio_mismatch": plan.treated != 0.5,
        "conversion_window_days": WINDOW_DAYS,
        "crossovers": int(crossing.sum()),
        "variants": {
            name: {
                "users": int((counted & (treated == bool(number))).sum()),
                "conversions": int((counted & converted & (treated == bool(number))).sum()),
            }
            for number, name in enumerate(VARIANTS)
        },
    }
