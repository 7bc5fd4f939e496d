"""The staff console: sees every room through its door."""
