"""Who works together: organisations, members and roles, and the vault for the secrets they trust us with.

Not a place for who somebody is (identity) or what they pay (billing).
"""

from verf.organisations.access import CurrentTenant, TenantTransaction, require
from verf.organisations.membership import (
    Organisation,
    list_organisations,
    memberships_of,
    organisation_of,
    owners_of,
    people_of,
)
from verf.organisations.sign_up import settle, sign_up
from verf.organisations.tenants import OrganisationId, Tenant
from verf.organisations.vault import CredentialId, fingerprint, forget, keep_secret, reveal, rotate_vault
from verf.organisations.viewers import find_viewer

__all__ = [
    "CredentialId",
    "CurrentTenant",
    "Organisation",
    "OrganisationId",
    "Tenant",
    "TenantTransaction",
    "find_viewer",
    "fingerprint",
    "forget",
    "keep_secret",
    "list_organisations",
    "memberships_of",
    "organisation_of",
    "owners_of",
    "people_of",
    "require",
    "reveal",
    "rotate_vault",
    "settle",
    "sign_up",
]
