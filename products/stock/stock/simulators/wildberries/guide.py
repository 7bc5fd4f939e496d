"""The page a developer reads at /sandbox/docs."""

GUIDE = """
# Wildberries, simulated

Base address of a host: `/sandbox/wildberries/<host>`, for example
`/sandbox/wildberries/content-api/content/v2/get/cards/list`; hosts: content-api, discounts-prices-api,
marketplace-api, statistics-api, seller-analytics-api, supplies-api, common-api. A `Host: <host>.wildberries.ru` header
works as well. The token goes into `Authorization`, with or without `Bearer`.
"""
