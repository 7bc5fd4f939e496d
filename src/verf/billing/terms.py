"""What a plan gives, as it is kept with each published version and never changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self


@dataclass(frozen=True, kw_only=True)
class Given:
    """One entitlement as given: `amount` None is without limit. Words are in verf.manifest.Entitlement."""

    kind: Literal["switch", "number", "quota"] = "switch"
    amount: int | None = None
    per: Literal["day", "month"] = "month"
    is_hard: bool = True
    smaller_is_better: bool = False

    @property
    def rank(self) -> tuple[int, int, bool]:
        """The larger the better, for grants that overlap. A soft limit is better than the same as a hard one."""
        if self.amount is None:
            return (1, 0, not self.is_hard)
        return (0, -self.amount if self.smaller_is_better else self.amount, not self.is_hard)

    @property
    def counts(self) -> bool:
        """Whether using it leaves less of it. Minutes between syncs are not used up."""
        return self.kind == "quota" or (self.kind == "number" and not self.smaller_is_better)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A plan as one version of it says."""

    plan: str
    title: str
    rank: int
    gives: Mapping[str, Given] = field(default_factory=dict)
    trial_days: int = 0
    grace_days: int = 3
    # Minor units for each unit, by feature and currency.
    metered: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def as_document(self) -> dict[str, Any]:
        """What goes into plan_versions.terms; name, title and rank have columns."""
        metered = {"metered": {name: dict(sums) for name, sums in self.metered.items()}} if self.metered else {}
        return metered | {
            "gives": {feature: asdict(given) for feature, given in sorted(self.gives.items())},
            "trial_days": self.trial_days,
            "grace_days": self.grace_days,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any], *, plan: str, title: str, rank: int) -> Self:
        return cls(
            plan=plan,
            title=title,
            rank=rank,
            gives={feature: Given(**given) for feature, given in document["gives"].items()},
            trial_days=document["trial_days"],
            grace_days=document["grace_days"],
            metered=document.get("metered", {}),
        )
