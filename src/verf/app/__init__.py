"""Where the house is put together: the one place that knows every room and finds the products."""
