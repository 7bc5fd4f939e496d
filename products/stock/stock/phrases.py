"""Sentences for people, translated where they are shown."""


def _(text: str) -> str:
    return text


__all__ = ["_"]
