"""The verdict on a trained model: may it score, or is it refused, and why.

Belongs here: turning measures into a verdict and a reason. Does not belong here: measuring, and
moving the champion alias (registry.py).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.evaluation import wilson, z_of
from models.guards import Suspect
from models.settings import PromotionSettings

TOO_LITTLE_DATA = "too_little_data"
LEAKAGE = "leakage"
NO_SIGNAL = "no_signal"
DRIFT = "drift"
KEEP = "keep"
PROMOTE = "promote"
# Probabilities that are off by less need not be told, however sure it is.
WORTH_SAYING = 1.2


@dataclass(frozen=True)
class Rival:
    """Who scores so far, the paired differences to it (evaluation.compare), and whether it has to give way."""

    name: str
    differences: Mapping
    is_beaten: bool


@dataclass(frozen=True)
class Verdict:
    """One of too_little_data, leakage, no_signal, drift, keep, promote, and the reason in words."""

    verdict: str
    why: str

    @property
    def is_promoted(self) -> bool:
        """Whether the model may score."""
        return self.verdict == PROMOTE


def judge(
    positives: int,
    negatives: int,
    metrics: dict | None,
    settings: PromotionSettings,
    strongest_feature: str | None = None,
    suspects: Sequence[Suspect] = (),
    drift: str | None = None,
    of: str = "accounts",
    where: str = "on later data",
    vouched: Sequence[Suspect] = (),
    rivals: Sequence[Rival] = (),
    tested: tuple[int, int] | None = None,
) -> Verdict:
    """Judge a model by what it learnt from and its measures on later data (None: no test part).

    `positives` and `negatives` count accounts (or what `of` names), not rows: the same account stands in many rows. `tested`
    counts both among the later ones alone (None: not asked). `where` says which rows the measures are of. `vouched`: what a
    person vouches for (vouched_for); with the strongest feature among it no AUC is too good. Precedence: too_little_data,
    leakage, no_signal, drift, keep, promote. Metrics must hold auc, auc_low, auc_high, n and positives; None stands for what
    could not be measured. `drift` says in words what moved so far that probabilities cannot be taken at their word; whatever
    moved, they cannot where they are worse than none (worse_than_base). `rivals`: whom it has to beat.
    """
    if positives < settings.min_positives or negatives < settings.min_negatives:
        return Verdict(
            TOO_LITTLE_DATA,
            f"{positives} {of} that converted and {negatives} that did not to learn from; "
            f"at least {settings.min_positives} and {settings.min_negatives} are needed",
        )
    if metrics is None or metrics["auc"] is None or metrics["auc_low"] is None:
        return Verdict(
            TOO_LITTLE_DATA, f"{where} there are not both outcomes to test on: history is too short"
        )
    if why := _too_few_tested(tested, settings, of, where):
        return Verdict(TOO_LITTLE_DATA, why)
    auc, low, high = metrics["auc"], metrics["auc_low"], metrics["auc_high"]
    if suspects:
        named = "; ".join(f"{suspect.column}: {suspect.why}" for suspect in suspects)
        return Verdict(LEAKAGE, f"these columns probably know the outcome: {named}")
    names = [one.column for one in vouched]
    if auc >= settings.suspicious_auc and strongest_feature not in names:
        first = f"; look at {strongest_feature} first" if strongest_feature else ""
        return Verdict(
            LEAKAGE,
            f"AUC {auc:.3f} {where} is too good to be true (limit "
            f"{settings.suspicious_auc:.2f}): a feature probably knows the outcome{first}",
        )
    interval = f"AUC {auc:.3f} {where}, 95 % interval {low:.3f} to {high:.3f}"
    if low <= 0.5 <= high:
        return Verdict(NO_SIGNAL, f"{interval}, holds 0.5: the model cannot tell {of} apart")
    if auc < 0.5:
        return Verdict(NO_SIGNAL, f"{interval}, is below 0.5: it ranks backwards")
    if drift := drift or worse_than_base(metrics):
        return Verdict(DRIFT, f"{interval}: it ranks, but {drift}")
    for rival in rivals:
        if not rival.is_beaten:
            return Verdict(KEEP, f"{interval}; {rival.name} stays, {_not_shown(rival.differences)}")
    won = [f"{r.name} in {_better_in(r.differences)}" for r in rivals if beats(r.differences)]
    beaten = f" and beats {' and '.join(won)}" if won else ""
    below, but = _lifted(auc, names, settings)
    return Verdict(PROMOTE, f"{interval}, lies above 0.5{below}{beaten}{but}")


def _too_few_tested(
    tested: tuple[int, int] | None, settings: PromotionSettings, of: str, where: str
) -> str | None:
    least = settings.min_test_positives, settings.min_test_negatives
    if tested is None or (tested[0] >= least[0] and tested[1] >= least[1]):
        return None
    return (
        f"{where} there are {tested[0]} {of} that converted and {tested[1]} that did not to test on; "
        f"at least {least[0]} and {least[1]} are needed, or what is measured is chance"
    )


def vouched_for(
    allowed: Sequence[Suspect],
    importance: Mapping[str, float],
    metrics: dict | None,
    settings: PromotionSettings,
    allow: Collection[str],
) -> list[Suspect]:
    """`allowed`, the single columns under suspicion that a person vouches for, and where the model is suspicious as a whole and
    `allow` names the feature that it rests on most (the first of `importance`), this one: no overrule goes unrecorded.
    """
    name, auc = next(iter(importance), None), (metrics or {}).get("auc")
    if name not in allow or auc is None or auc < settings.suspicious_auc:
        return list(allowed)
    alone = [one.why for one in allowed if one.column == name]
    limit, share = settings.suspicious_auc, importance[name]
    whole = (
        f"AUC {auc:.3f} as a whole, limit {limit:.2f}, and {share:.0%} of the gain is this one's"
    )
    others = [one for one in allowed if one.column != name]
    return [*others, Suspect(name, ", and ".join([*alone, whole]))]


def _lifted(auc: float, names: Sequence[str], settings: PromotionSettings) -> tuple[str, str]:
    """What may be said of suspicion: that there is none, or who lifts it."""
    if auc >= settings.suspicious_auc:
        limit = f"limit {settings.suspicious_auc:.2f}"
        return "", f"; that is suspicious ({limit}), but a person vouches for {', '.join(names)}"
    vouched = f"; a person vouches for {', '.join(names)}, suspected of knowing the outcome"
    return " and below suspicion", vouched if names else ""


def beats(differences: Mapping) -> bool:
    """Whether a model is shown to be better than another on the same rows: in AUC, lift or log loss beyond the paired interval,
    and in none of them worse beyond it. As good is not better: being newer is no reason.
    """
    is_worse = is_outranked(differences) or _is_above(differences, "log_loss")
    return bool(_better_in(differences)) and not is_worse


def _better_in(differences: Mapping) -> str:
    """The measures in which a model is better beyond the paired interval, in words; empty where in none."""
    found = {
        "AUC": _is_above(differences, "auc"),
        "lift": _is_above(differences, "lift_top_decile"),
        "log loss": _is_below(differences, "log_loss"),
    }
    return ", ".join(name for name, is_better in found.items() if is_better)


def is_outranked(differences: Mapping) -> bool:
    """Whether a model is shown to rank worse than another on the same rows, in AUC or lift."""
    return _is_below(differences, "auc") or _is_below(differences, "lift_top_decile")


def _is_above(differences: Mapping, name: str) -> bool:
    low = differences[f"{name}_low"]
    return low is not None and low > 0


def _is_below(differences: Mapping, name: str) -> bool:
    high = differences[f"{name}_high"]
    return high is not None and high < 0


def _not_shown(differences: Mapping) -> str:
    """Paired differences in words, or why there are none."""
    if why := differences.get("why_not"):
        return f"with which this model could not be compared: {why}"
    said = [
        f"{words} {differences[name]:+.{digits}f} ({differences[f'{name}_low']:+.{digits}f} to "
        f"{differences[f'{name}_high']:+.{digits}f})"
        for name, words, digits in (
            ("auc", "AUC", 3), ("lift_top_decile", "lift", 2), ("log_loss", "log loss", 4),
        )
        if differences[name] is not None
    ]  # fmt: skip
    return f"which this model is not shown to beat on the same later data: {', '.join(said)}"


def drifted(
    rate: float,
    predicted: float,
    learnt: float,
    groups: int,
    settings: PromotionSettings,
    looks: int = 1,
    when: str = "later",
) -> str | None:
    """In words, when outcomes moved so far from what was predicted that no probability can be taken at its word.

    `rate` and `predicted` are means over the later rows, `learnt` the rate of the rows learnt from. Either outcome is off by
    more than settings.drift_factor, and beyond chance: Wilson's interval of `rate` in as many trials as there are `groups`
    (accounts; their rows repeat each other). `looks`: at how many sets of rows is looked, any of which would do; `when` says
    which rows these are.
    """
    low, high = wilson(rate, groups, z_of(looks))
    is_beyond = any(
        seen > settings.drift_factor * told or seen < told / settings.drift_factor
        for seen, told in ((rate, predicted), (1 - rate, 1 - predicted))
    )
    if not is_beyond or low <= predicted <= high:
        return None
    return (
        f"its probabilities do not hold: {rate:.1%} converted {when} where {predicted:.1%} were predicted "
        f"({learnt:.1%} of the rows it learnt from)"
    )


def worse_than_base(metrics: Mapping) -> str | None:
    """In words, when telling everyone the later rows' own rate would be the better probability, beyond chance (the paired
    interval of evaluation.evaluate): whatever has moved, means agree or not.
    """
    low = metrics.get("brier_over_base_low")
    if low is None or low <= 0:
        return None
    return (
        f"its probabilities are worse than telling everyone the same: Brier score {metrics['brier']:.4f}, and "
        f"{metrics['brier_base']:.4f} for the rate of all"
    )


def off_level(metrics: Mapping, drift_factor: float) -> str | None:
    """In words, when either outcome is off what was predicted by more than WORTH_SAYING, beyond chance, and not by
    `drift_factor`, from which on it is drift. Only the level is off: the order is measured apart (AUC).
    """
    ratio = metrics.get("observed_over_predicted")
    if not ratio:
        return None
    low, high = metrics["observed_over_predicted_low"], metrics["observed_over_predicted_high"]
    rate = metrics["positives"] / metrics["n"]
    predicted = rate / ratio
    factors = [
        max(a / b, b / a) for a, b in ((rate, predicted), (1 - rate, 1 - predicted)) if a and b
    ]
    if low <= 1 <= high or not WORTH_SAYING < max(factors) <= drift_factor:
        return None
    way, other = ("low", "high") if ratio > 1 else ("high", "low")
    by = f"{factors[0]:.2f} times too {way}"
    if factors[0] <= WORTH_SAYING:
        by = f"too {way}, and those of no conversion {factors[1]:.2f} times too {other}"
    return f"{rate:.1%} converted where {predicted:.1%} were predicted: ranks hold, but probabilities are {by}"
