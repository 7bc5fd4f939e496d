"""What a developer reads at /sandbox/docs."""

GUIDE = """
Hosts are the first part of the path: `content-api`, `discounts-prices-api`, `marketplace-api`, `statistics-api`,
`seller-analytics-api`, `supplies-api`, `common-api`; for example
`POST /sandbox/wildberries/content-api/content/v2/get/cards/list`. A header `Host: content-api.wildberries.ru` names
the host as well. The token goes into `Authorization`, with or without `Bearer`.

### Sellers

- `small`, `medium`, `large`: 100, 1,000 and 10,000 products.
- `replay`: its orders are the real order lines of Online Retail (Chen, D., 2015, UCI Machine Learning Repository,
  https://doi.org/10.24432/C5BW33, CC BY 4.0), shortened, laid over a calendar that repeats, priced in roubles.

A seller is named by its id or by this alias. Each has a token of each kind: `service`, `base`, `personal`, `expired`,
`test`, `no-analytics`, `expiring`, `writing`, `foreign-service`.

### What is visible when

Stocks, orders and sales change for readers at :00 and :30; own warehouses (`/api/v3/stocks`) and the order feed are
live. Requests are limited as published, by the clock of the sandbox: move the clock and the buckets refill.

### The truth

What a complete reader must have. `sellers/{seller}/truth` has a row for every size of every card that is not in the
trash, zeros too: warehouse -999999 as of the last refresh, own warehouses as they are now (`own=report`: as of the last
refresh). Sizes never put into an own warehouse have no row there. `sellers/{seller}/truth/orders` counts by Moscow day
what was visible at the last refresh. Pause the world to compare in peace.
"""
