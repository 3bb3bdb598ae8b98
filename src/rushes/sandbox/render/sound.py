"""Seeded sound: two bell voices over a pentatonic scale, one to each ear."""

import math
import random
from array import array
from collections.abc import Iterator
from functools import lru_cache
from operator import add

SAMPLE_RATE = 48_000
#: One note begins each step and rings through the next, too.
_STEP = SAMPLE_RATE // 4
_SCALE = (0, 3, 5, 7, 10)
_LEVEL = 0.16


def stereo(rng: random.Random, samples: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield left and right as 32-bit floats, `samples` of each in all, step by step.

    No step is silent. Works in chunks so that a long clip needs no more memory.
    """
    root = 48 + rng.randrange(12)
    place = rng.randrange(5)
    held = [array("f", bytes(4 * _STEP)) for _ in range(2)]
    done = 0
    while done < samples:
        place = min(max(place + rng.choice((-2, -1, -1, 1, 1, 2)), 0), 9)
        chunk = []
        for ear, above in enumerate((0, 2)):
            note = _bell(_frequency(root, place + above))
            chunk.append(array("f", map(add, note[:_STEP], held[ear])))
            held[ear] = note[_STEP:]
        count = min(_STEP, samples - done)
        yield chunk[0][:count].tobytes(), chunk[1][:count].tobytes()
        done += count


def _frequency(root: int, place: int) -> float:
    octave, degree = divmod(place, len(_SCALE))
    return 440.0 * math.pow(2.0, (root + 12 * octave + _SCALE[degree] - 69) / 12)


@lru_cache(maxsize=32)
def _bell(frequency: float) -> "array[float]":
    """Return one note of two steps that begins and ends at zero."""
    count = 2 * _STEP
    turn = math.tau * frequency / SAMPLE_RATE
    attack = SAMPLE_RATE // 200
    decay = math.exp(-3.2 / count)
    note, level = array("f"), _LEVEL
    for at in range(count):
        angle = turn * at
        shape = min(1.0, at / attack, (count - at) / (count // 3))
        note.append(level * shape * math.sin(angle + 0.9 * level * math.sin(3 * angle) / _LEVEL))
        level *= decay
    return note
