"""Money: plans, subscriptions, the ledger, and the providers that move it."""

from verf.billing.blocks import settle_blocks, take_one
from verf.billing.catalogue import catalogue, publish
from verf.billing.declarations import configure
from verf.billing.diary import Line, diary_of
from verf.billing.entitling import Entitlements, allows, demand, entitlements, refusal
from verf.billing.forgetting import start_afresh
from verf.billing.holds import hold, release, settle
from verf.billing.portraits import portrait
from verf.billing.reconciling import Outcome, reconcile
from verf.billing.sentences import sentence_of, what_to_do
from verf.billing.tally_keeping import recount_numbers
from verf.billing.terms import Given
from verf.billing.trials import begin_trial, first_use
from verf.billing.usage import Counted, QuotaExceeded, as_hit, consume
from verf.billing.why import reasons_for

__all__ = [
    "Counted",
    "Entitlements",
    "Given",
    "Line",
    "Outcome",
    "QuotaExceeded",
    "allows",
    "as_hit",
    "begin_trial",
    "catalogue",
    "configure",
    "consume",
    "demand",
    "diary_of",
    "entitlements",
    "first_use",
    "hold",
    "portrait",
    "publish",
    "reasons_for",
    "reconcile",
    "recount_numbers",
    "refusal",
    "release",
    "sentence_of",
    "settle",
    "settle_blocks",
    "start_afresh",
    "take_one",
    "what_to_do",
]
