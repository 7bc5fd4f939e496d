from verf.manifest import Check, Room
from verf.organisations import api, models, vault

room = Room(
    name="organisations",
    package="verf.organisations",
    models=models,
    settings=vault.VaultSettings,
    routers=[api.router],
    checks=[Check(name="the vault has a key", run=vault.vault_has_keys)],
)
