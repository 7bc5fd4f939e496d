"""What we know of a person, shown to them and erased for them."""
