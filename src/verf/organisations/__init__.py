"""Who works together and who may do what: organisations, members, roles, credentials."""
