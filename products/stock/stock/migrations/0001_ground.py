"""The tracker's tables: connections and runs, the catalogue, levels with their history, trade, outlooks, alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from verf.database.migrations import tenant_table

revision = "stock_0001"
down_revision = None
branch_labels = ("stock",)
depends_on = None

TENANT_TABLES = (
    "connections",
    "days",
    "orders",
    "outlooks",
    "policies",
    "prices",
    "sales",
    "sizes",
    "staged_levels",
    "stock_changes",
    "stock_levels",
    "products",
    "sync_cursors",
    "sync_runs",
    "warehouses",
    "alert_rules",
    "alerts",
)


def upgrade() -> None:
    op.create_table(
        "connections",
        sa.Column("marketplace", sa.Text, nullable=False),
        sa.Column("seller", sa.Text, nullable=False),
        sa.Column("seller_name", sa.Text, server_default="", nullable=False),
        sa.Column("token_kind", sa.Text, nullable=False),
        sa.Column("scopes", JSONB, nullable=False),
        sa.Column("read_only", sa.Boolean, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=True),
        sa.Column("credential_id", sa.Uuid, nullable=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("state_reason", sa.Text, server_default="", nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warned_days", sa.Integer, nullable=True),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_sync_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stock_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("organisation_id", "fingerprint", name=op.f("uq_connections_organisation_id_fingerprint")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_connections_organisation_id_id")),
        sa.UniqueConstraint(
            "organisation_id", "marketplace", "seller", name=op.f("uq_connections_organisation_id_marketplace_seller")
        ),
        schema="stock",
    )
    op.create_index("ix_connections_next_sync_at", "connections", ["next_sync_at"], unique=False, schema="stock")
    op.create_table(
        "days",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("orders", sa.Integer, server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer, server_default="0", nullable=False),
        sa.Column("sales", sa.Integer, server_default="0", nullable=False),
        sa.Column("returns", sa.Integer, server_default="0", nullable=False),
        sa.Column("revenue_minor", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("watched_seconds", sa.Integer, server_default="0", nullable=False),
        sa.Column("in_stock_seconds", sa.Integer, server_default="0", nullable=False),
        sa.Column("closing", sa.Integer, nullable=True),
        sa.Column("unit_seconds", sa.BigInteger, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "connection_id", "nm_id", "day", name=op.f("pk_days")),
        schema="stock",
    )
    op.create_index("ix_days_day", "days", ["organisation_id", "connection_id", "day"], unique=False, schema="stock")
    op.create_table(
        "orders",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("srid", sa.Text, nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("barcode", sa.Text, nullable=False),
        sa.Column("size", sa.Text, nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.Text, nullable=False),
        sa.Column("is_cancelled", sa.Boolean, nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("warehouse", sa.Text, nullable=False),
        sa.Column("from_seller", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "connection_id", "srid", name=op.f("pk_orders")),
        schema="stock",
    )
    op.create_index(
        "ix_orders_ordered_at",
        "orders",
        ["organisation_id", "connection_id", "ordered_at"],
        unique=False,
        schema="stock",
    )
    op.create_index(
        "ix_orders_product",
        "orders",
        ["organisation_id", "connection_id", "nm_id", "ordered_at"],
        unique=False,
        schema="stock",
    )
    op.create_table(
        "outlooks",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("product_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("to_client", sa.Integer, nullable=False),
        sa.Column("from_client", sa.Integer, nullable=False),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("value_minor", sa.BigInteger, nullable=False),
        sa.Column("per_day", sa.Double(), nullable=False),
        sa.Column("buyout", sa.Double(), nullable=False),
        sa.Column("days_of_cover", sa.Double(), nullable=True),
        sa.Column("runs_out_early", sa.Date, nullable=True),
        sa.Column("runs_out", sa.Date, nullable=True),
        sa.Column("runs_out_late", sa.Date, nullable=True),
        sa.Column("reorder_point", sa.Integer, nullable=False),
        sa.Column("reorder_quantity", sa.Integer, nullable=False),
        sa.Column("reorder_by", sa.Date, nullable=True),
        sa.Column("lost_units", sa.Double(), nullable=False),
        sa.Column("lost_minor", sa.BigInteger, nullable=False),
        sa.Column("sold_28", sa.Integer, nullable=False),
        sa.Column("revenue_28_minor", sa.BigInteger, nullable=False),
        sa.Column("turnover_days", sa.Double(), nullable=True),
        sa.Column("revenue_class", sa.Text, nullable=False),
        sa.Column("steadiness_class", sa.Text, nullable=False),
        sa.Column("why", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "product_id", name=op.f("pk_outlooks")),
        schema="stock",
    )
    op.create_index(
        "ix_outlooks_connection_id",
        "outlooks",
        ["organisation_id", "connection_id", "state"],
        unique=False,
        schema="stock",
    )
    op.create_table(
        "policies",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("lead_days", sa.Integer, nullable=False),
        sa.Column("lead_deviation_days", sa.Integer, nullable=False),
        sa.Column("review_days", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_policies")),
        schema="stock",
    )
    op.create_table(
        "prices",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("chrt_id", sa.BigInteger, nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("full_minor", sa.BigInteger, nullable=False),
        sa.Column("discounted_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "connection_id", "chrt_id", name=op.f("pk_prices")),
        schema="stock",
    )
    op.create_table(
        "rate_windows",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("tat", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_windows")),
        schema="stock",
    )
    op.create_table(
        "sales",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("srid", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sale_id", sa.Text, nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("barcode", sa.Text, nullable=False),
        sa.Column("sold_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.Text, nullable=False),
        sa.Column("price_minor", sa.BigInteger, nullable=False),
        sa.Column("payout_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "connection_id", "srid", "kind", name=op.f("pk_sales")),
        schema="stock",
    )
    op.create_index(
        "ix_sales_product",
        "sales",
        ["organisation_id", "connection_id", "nm_id", "sold_at"],
        unique=False,
        schema="stock",
    )
    op.create_index(
        "ix_sales_sold_at", "sales", ["organisation_id", "connection_id", "sold_at"], unique=False, schema="stock"
    )
    op.create_table(
        "sizes",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("chrt_id", sa.BigInteger, nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("barcodes", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "connection_id", "chrt_id", name=op.f("pk_sizes")),
        schema="stock",
    )
    op.create_index(
        "ix_sizes_product", "sizes", ["organisation_id", "connection_id", "nm_id"], unique=False, schema="stock"
    )
    op.create_table(
        "staged_levels",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("chrt_id", sa.BigInteger, nullable=False),
        sa.Column("warehouse", sa.Text, nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("to_client", sa.Integer, nullable=False),
        sa.Column("from_client", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_id", "run_id", "source", "chrt_id", "warehouse", name=op.f("pk_staged_levels")
        ),
        schema="stock",
    )
    op.create_table(
        "stock_changes",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("chrt_id", sa.BigInteger, nullable=False),
        sa.Column("warehouse_id", sa.Uuid, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("quantity_before", sa.Integer, nullable=True),
        sa.Column("to_client", sa.Integer, nullable=False),
        sa.Column("from_client", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_id", "connection_id", "chrt_id", "warehouse_id", "at", name=op.f("pk_stock_changes")
        ),
        schema="stock",
    )
    op.create_index(
        "ix_stock_changes_at", "stock_changes", ["at"], unique=False, schema="stock", postgresql_using="brin"
    )
    op.create_index(
        "ix_stock_changes_product",
        "stock_changes",
        ["organisation_id", "connection_id", "nm_id", "at"],
        unique=False,
        schema="stock",
    )
    op.create_table(
        "stock_levels",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("chrt_id", sa.BigInteger, nullable=False),
        sa.Column("warehouse_id", sa.Uuid, nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("to_client", sa.Integer, nullable=False),
        sa.Column("from_client", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            "organisation_id", "connection_id", "chrt_id", "warehouse_id", name=op.f("pk_stock_levels")
        ),
        schema="stock",
    )
    op.create_index(
        "ix_stock_levels_product",
        "stock_levels",
        ["organisation_id", "connection_id", "nm_id"],
        unique=False,
        schema="stock",
    )
    op.create_table(
        "products",
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("nm_id", sa.BigInteger, nullable=False),
        sa.Column("vendor_code", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("brand", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("photo", sa.Text, nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lead_days", sa.Integer, nullable=True),
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            name=op.f("fk_products_organisation_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint(
            "organisation_id", "connection_id", "nm_id", name=op.f("uq_products_organisation_id_connection_id_nm_id")
        ),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_products_organisation_id_id")),
        schema="stock",
    )
    op.create_table(
        "sync_cursors",
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("watermark", JSONB, nullable=False),
        sa.Column("digest", sa.Text, server_default="", nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            name=op.f("fk_sync_cursors_organisation_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "connection_id", "step", name=op.f("pk_sync_cursors")),
        schema="stock",
    )
    op.create_table(
        "sync_runs",
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steps", JSONB, nullable=False),
        sa.Column("requests", sa.Integer, server_default="0", nullable=False),
        sa.Column("cost", sa.Integer, server_default="0", nullable=False),
        sa.Column("first_error", sa.Text, nullable=True),
        sa.Column("first_error_code", sa.Text, nullable=True),
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            name=op.f("fk_sync_runs_organisation_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_runs")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_sync_runs_organisation_id_id")),
        schema="stock",
    )
    op.create_index(
        "ix_sync_runs_organisation_id_created_at",
        "sync_runs",
        ["organisation_id", "created_at"],
        unique=False,
        schema="stock",
    )
    op.create_index(
        "uq_sync_runs_under_way",
        "sync_runs",
        ["organisation_id", "connection_id"],
        unique=True,
        schema="stock",
        postgresql_where=sa.text("state IN ('queued', 'running')"),
    )
    op.create_table(
        "warehouses",
        sa.Column("connection_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            name=op.f("fk_warehouses_organisation_id_connection_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warehouses")),
        sa.UniqueConstraint(
            "organisation_id", "connection_id", "key", name=op.f("uq_warehouses_organisation_id_connection_id_key")
        ),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_warehouses_organisation_id_id")),
        schema="stock",
    )
    op.create_table(
        "alert_rules",
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("threshold", sa.Integer, nullable=False),
        sa.Column("product_id", sa.Uuid, nullable=True),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "product_id"],
            ["stock.products.organisation_id", "stock.products.id"],
            name=op.f("fk_alert_rules_organisation_id_product_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_alert_rules_organisation_id_id")),
        schema="stock",
    )
    op.create_index(
        "ix_alert_rules_organisation_id_created_at",
        "alert_rules",
        ["organisation_id", "created_at"],
        unique=False,
        schema="stock",
    )
    op.create_table(
        "alerts",
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("product_id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "product_id"],
            ["stock.products.organisation_id", "stock.products.id"],
            name=op.f("fk_alerts_organisation_id_product_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "rule_id"],
            ["stock.alert_rules.organisation_id", "stock.alert_rules.id"],
            name=op.f("fk_alerts_organisation_id_rule_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_alerts_organisation_id_id")),
        schema="stock",
    )
    op.create_index(
        "ix_alerts_organisation_id_raised_at", "alerts", ["organisation_id", "raised_at"], unique=False, schema="stock"
    )
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["organisation_id", "rule_id", "product_id"],
        unique=True,
        schema="stock",
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    for table in TENANT_TABLES:
        tenant_table("stock", table)


def downgrade() -> None:
    for table in (*reversed(TENANT_TABLES), "rate_windows"):
        op.drop_table(table, schema="stock")
