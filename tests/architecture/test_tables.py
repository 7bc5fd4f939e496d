"""What is true of every table of every room, products included, asked of the migrated database."""

import pprint

from verf.app import all_rooms
from verf.database import drift, unguarded_tables

# Tables which no model of ours describes: made by a library's own statements, or used only by a function beside them.
OF_LIBRARIES = {"jobs.cron", "jobs.log", "jobs.queue", "jobs.statistics", "limits.windows"}

# Tables whose rows do not each belong to one organisation, with the reason. Add to it only with a reason.
WITHOUT_ORGANISATION = {
    "audit.entries": "some concern the house itself; the others are walled by policies of their own",
    "billing.findings": "differences with a provider, some of them nobody's yet; read by staff",
    "billing.plan_versions": "the price list, the same for all",
    "billing.prices": "the price list, the same for all",
    "billing.promo_claims": "asked across all organisations: whether a person has used a code anywhere",
    "billing.promo_codes": "codes anybody may enter; made by staff",
    "billing.provider_events": "webhooks, stored before it is known whom they concern; read by the worker and staff",
    "billing.provider_prices": "the price list, as providers name it",
    "billing.referrals": "who brought whom: two organisations; read by the worker and staff",
    "billing.sync_cursors": "how far a provider's changes were read",
    "billing.tallies": "sums over all organisations; read by staff",
    "billing.trial_claims": "asked across all organisations: whether a person has had a trial anywhere",
    "database.alembic_version": "which migrations were applied",
    "identity.links": "a person's own, and people may belong to several organisations",
    "identity.people": "a person may belong to several organisations",
    "identity.sessions": "a person's own",
    "identity.staff": "the people of the house itself",
    "jobs.cron": "PgQueuer's",
    "jobs.log": "PgQueuer's",
    "jobs.queue": "PgQueuer's; the messages name their organisation",
    "jobs.runs": "some jobs belong to no organisation; read through the door, which asks whose it is",
    "jobs.slots": "moments of schedules, the same for all",
    "jobs.statistics": "PgQueuer's",
    "limits.windows": "counters by hashed key, before anybody has signed in",
    "notifications.deliveries": "to a person",
    "notifications.notifications": "to a person",
    "notifications.opt_outs": "a person's own",
    "notifications.suppressions": "addresses that mail cannot reach, for all senders",
    "organisations.organisations": "walled by its own id instead",
    "stock.rate_windows": "a marketplace counts the calls of a seller, whoever in the house makes them",
}


async def test_the_models_and_the_migrations_say_the_same(database):
    found = await drift(all_rooms(), of_libraries=OF_LIBRARIES)
    assert not found, pprint.pformat(found, width=200)


async def test_every_table_belongs_to_an_organisation_or_says_why_not(database):
    found = set(await unguarded_tables(all_rooms())) - set(WITHOUT_ORGANISATION)
    assert not found, sorted(found)
