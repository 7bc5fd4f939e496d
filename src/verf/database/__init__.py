"""PostgreSQL: the embedded server, transactions, table base, bulk writes, migrations. Not a place for queries of other rooms."""
