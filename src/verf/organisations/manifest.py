from verf.manifest import Check, NavigationItem, Room
from verf.organisations import api, models, pages, vault

room = Room(
    name="organisations",
    package="verf.organisations",
    models=models,
    settings=vault.VaultSettings,
    routers=[api.router, pages.router],
    navigation=[NavigationItem(label="Organisation", href="/organisation", icon="building-2")],
    checks=[Check(name="the vault has a key", run=vault.vault_has_keys)],
)
