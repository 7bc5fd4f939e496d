"""PostgreSQL: the embedded server, transactions, table base, bulk writes, migrations.

Not a place for the queries of other rooms.
"""

from verf.database.bulk import Absent, History, Moved, upsert
from verf.database.connections import connect, disconnect, open_connection
from verf.database.drift import drift, unguarded_tables
from verf.database.lines import Line
from verf.database.migrating import migrate, pending
from verf.database.noting import noted_statements
from verf.database.records import Record, Table, TenantRecord, TenantTable
from verf.database.server import EmbeddedServer
from verf.database.settings import DatabaseSettings
from verf.database.transactions import (
    after_commit,
    in_transaction,
    notify,
    reading,
    reading_primary,
    transaction,
    transaction_on_line,
)

__all__ = [
    "Absent",
    "DatabaseSettings",
    "EmbeddedServer",
    "History",
    "Line",
    "Moved",
    "Record",
    "Table",
    "TenantRecord",
    "TenantTable",
    "after_commit",
    "connect",
    "disconnect",
    "drift",
    "in_transaction",
    "migrate",
    "noted_statements",
    "notify",
    "open_connection",
    "pending",
    "reading",
    "reading_primary",
    "transaction",
    "transaction_on_line",
    "unguarded_tables",
    "upsert",
]
