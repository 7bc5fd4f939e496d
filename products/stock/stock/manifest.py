from stock import jobs, models
from stock.notices import NOTICES
from stock.plans import PLANS
from stock.settings import StockSettings
from stock.simulators import WILDBERRIES
from verf.manifest import NavigationItem, Product

product = Product(
    name="stock",
    package="stock",
    title="Stock tracker",
    host="stock.example",
    home="/stock/",
    models=models,
    settings=StockSettings,
    jobs=jobs,
    schedules=jobs.SCHEDULES,
    notices=NOTICES,
    plans=PLANS,
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
