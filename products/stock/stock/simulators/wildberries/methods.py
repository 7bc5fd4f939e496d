"""Every method of the simulated hosts: where it is, which scope it asks for and who answers."""

from stock.simulators.wildberries import (
    content,
    feed,
    general,
    history,
    inbound,
    marketplace,
    prices,
    remains,
    statistics,
    stocks,
    turnover,
)
from stock.simulators.wildberries.calls import Method
from stock.simulators.wildberries.tokens import (
    ANALYTICS,
    CONTENT,
    MARKETPLACE,
    PERSONAL,
    PRICES,
    SERVICE,
    STATISTICS,
    SUPPLIES,
)

NOT_BASE = frozenset({PERSONAL, SERVICE})
CONTENT_HOST = "content-api"
PRICES_HOST = "discounts-prices-api"
MARKETPLACE_HOST = "marketplace-api"
STATISTICS_HOST = "statistics-api"
ANALYTICS_HOST = "seller-analytics-api"
SUPPLIES_HOST = "supplies-api"
COMMON_HOST = "common-api"
SCOPES = {
    CONTENT_HOST: CONTENT,
    PRICES_HOST: PRICES,
    MARKETPLACE_HOST: MARKETPLACE,
    STATISTICS_HOST: STATISTICS,
    ANALYTICS_HOST: ANALYTICS,
    SUPPLIES_HOST: SUPPLIES,
    COMMON_HOST: None,
}
REMAINS = "/api/v1/warehouse_remains"
DOWNLOADS = "/api/v2/nm-report/downloads"
REPORT = "/api/analytics/v1/stocks-report"

SELLER_STOCKS = Method(
    host=ANALYTICS_HOST,
    verb="POST",
    path=f"{REPORT}/seller-warehouses",
    scope=ANALYTICS,
    answer=stocks.seller_warehouses,
    types=NOT_BASE,
    with_secret=False,
)

METHODS = [
    *(Method(host, "GET", "/ping", scope, general.ping, needs_world=False) for host, scope in SCOPES.items()),
    Method(CONTENT_HOST, "POST", "/content/v2/get/cards/list", CONTENT, content.cards_list),
    Method(CONTENT_HOST, "POST", "/content/v2/get/cards/trash", CONTENT, content.cards_trash),
    Method(PRICES_HOST, "GET", "/api/v2/list/goods/filter", PRICES, prices.prices_by_page),
    Method(PRICES_HOST, "POST", "/api/v2/list/goods/filter", PRICES, prices.prices_by_article),
    Method(MARKETPLACE_HOST, "GET", "/api/v3/warehouses", MARKETPLACE, marketplace.warehouses),
    Method(MARKETPLACE_HOST, "GET", "/api/v3/offices", MARKETPLACE, marketplace.offices),
    Method(MARKETPLACE_HOST, "POST", "/api/v3/stocks/{warehouseId}", MARKETPLACE, marketplace.own_stocks),
    Method(STATISTICS_HOST, "GET", "/api/v1/supplier/orders", STATISTICS, statistics.orders),
    Method(STATISTICS_HOST, "GET", "/api/v1/supplier/sales", STATISTICS, statistics.sales),
    Method(ANALYTICS_HOST, "POST", f"{REPORT}/wb-warehouses", ANALYTICS, stocks.wb_warehouses, types=NOT_BASE),
    SELLER_STOCKS,
    Method(ANALYTICS_HOST, "POST", "/api/analytics/v1/order-feed", ANALYTICS, feed.order_feed),
    Method(COMMON_HOST, "GET", "/api/v1/seller-info", None, general.seller_info, needs_world=False),
    Method(COMMON_HOST, "GET", "/api/v1/tariffs/commission", None, general.commissions, needs_world=False),
    Method(COMMON_HOST, "GET", "/api/v1/tariffs/box", None, general.box_tariffs, needs_world=False),
    Method(COMMON_HOST, "GET", "/api/v1/tariffs/pallet", None, general.pallet_tariffs, needs_world=False),
    Method(COMMON_HOST, "GET", "/api/v1/tariffs/return", None, general.return_tariffs, needs_world=False),
    Method(
        MARKETPLACE_HOST, "PUT", "/api/v3/stocks/{warehouseId}", MARKETPLACE, marketplace.set_own_stocks, writes=True
    ),
    Method(ANALYTICS_HOST, "POST", "/api/v2/stocks-report/products/products", ANALYTICS, turnover.products),
    Method(ANALYTICS_HOST, "GET", REMAINS, ANALYTICS, remains.order),
    Method(ANALYTICS_HOST, "GET", f"{REMAINS}/tasks/{{task_id}}/status", ANALYTICS, remains.status),
    Method(ANALYTICS_HOST, "GET", f"{REMAINS}/tasks/{{task_id}}/download", ANALYTICS, remains.download),
    Method(ANALYTICS_HOST, "POST", DOWNLOADS, ANALYTICS, history.order),
    Method(ANALYTICS_HOST, "GET", DOWNLOADS, ANALYTICS, history.listing),
    Method(ANALYTICS_HOST, "POST", f"{DOWNLOADS}/retry", ANALYTICS, history.retry),
    Method(ANALYTICS_HOST, "GET", f"{DOWNLOADS}/file/{{downloadId}}", ANALYTICS, history.download),
    Method(SUPPLIES_HOST, "POST", "/api/v1/supplies", SUPPLIES, inbound.listing),
    Method(SUPPLIES_HOST, "GET", "/api/v1/supplies/{ID}", SUPPLIES, inbound.details),
    Method(SUPPLIES_HOST, "GET", "/api/v1/supplies/{ID}/goods", SUPPLIES, inbound.goods),
]
