"""Where the house is put together: the one place that knows every room and finds the products."""

from verf.app.rooms import all_rooms, installed_products, platform_rooms

__all__ = ["all_rooms", "installed_products", "platform_rooms"]
