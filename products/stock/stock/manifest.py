from stock import models
from stock.settings import StockSettings
from verf.manifest import Product

product = Product(
    name="stock",
    package="stock",
    title="Stock tracker",
    host="stock.example",
    home="/stock/",
    models=models,
    settings=StockSettings,
)
