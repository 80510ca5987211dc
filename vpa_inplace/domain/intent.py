"""Why a pod is resized."""

from enum import IntEnum


class Intent(IntEnum):
    """Why a pod is resized; exactly one per move, most urgent first."""

    UNDO = 0
    RESCUE = 1  # live usage stands above the size
    GROW = 2
    SHRINK = 3

    __hash__ = int.__hash__  # enum's own hashes the name in Python; guards look intents up for every move
