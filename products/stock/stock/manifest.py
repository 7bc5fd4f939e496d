from stock import jobs, models
from stock.api import routers as api_routers
from stock.notices import NOTICES
from stock.pages import routers as page_routers
from stock.plans import ENTITLEMENTS, PLANS
from stock.settings import StockSettings, WildberriesSettings
from stock.simulators import WILDBERRIES
from verf.manifest import Feature, NavigationItem, Product

product = Product(
    name="stock",
    package="stock",
    title="Stock tracker",
    host="stock.example",
    home="/stock/",
    promise="Know what runs out before it does",
    summary="Connect your Wildberries shop and see, for every size in every warehouse, how many days your stock lasts, "
    "what to reorder now, and what empty shelves have cost you.",
    features=(
        Feature(
            icon="calendar-clock",
            title="Days of cover you can trust",
            text="Sales speed counts only days with stock, so an empty shelf never looks like falling demand.",
        ),
        Feature(
            icon="shopping-cart",
            title="What to reorder, and how much",
            text="Lead time, safety stock and the demand of each weekday become one number per product.",
        ),
        Feature(
            icon="bell-ring",
            title="One alert, not a hundred",
            text="A mail when a product crosses your threshold, once, and again only after it has recovered.",
        ),
        Feature(
            icon="trending-down",
            title="Lost sales in money",
            text="What you could have sold while the product was out of stock, day by day.",
        ),
        Feature(
            icon="refresh-cw",
            title="A sync that does not guess",
            text="Interrupted syncs go on where they stopped, within the marketplace's limits, "
            "and never write zeros for what was not read.",
        ),
        Feature(
            icon="braces",
            title="Your data is yours",
            text="CSV and Excel with the filters you see, and a REST API with an OpenAPI document.",
        ),
    ),
    models=models,
    routers=(*api_routers, *page_routers),
    settings=StockSettings,
    more_settings=(WildberriesSettings,),
    jobs=jobs,
    schedules=jobs.SCHEDULES,
    notices=NOTICES,
    entitlements=ENTITLEMENTS,
    plans=PLANS,
    trial_plan="pro",
    navigation=(
        NavigationItem(label="Dashboard", href="/stock/", icon="layout-dashboard"),
        NavigationItem(label="Products", href="/stock/products", icon="package"),
        NavigationItem(label="Alerts", href="/stock/alerts", icon="bell"),
        NavigationItem(label="Shops", href="/stock/connections", icon="store"),
        NavigationItem(label="Syncs", href="/stock/runs", icon="refresh-cw"),
    ),
    simulators=(WILDBERRIES,),
    problems={
        "already-connected": "This organisation follows this shop already",
        "already-running": "This shop is being synchronised already",
    },
)
