"""The chaos lab: lives of customers played cleanly, then under every kind of trouble, and laid side by side."""

from verf.cli.chaos.comparing import differences
from verf.cli.chaos.lives import LIVES, Life, lives_for
from verf.cli.chaos.playing import Customer, Lab, Stage, play
from verf.cli.chaos.weathers import WEATHERS, Weather

__all__ = [
    "LIVES",
    "WEATHERS",
    "Customer",
    "Lab",
    "Life",
    "Stage",
    "Weather",
    "differences",
    "lives_for",
    "play",
]
