"""The staff console: sees every room through its door, and changes nothing that a room does not offer.

Not a place for rules: what may be done, and to whom, each room decides.
"""
