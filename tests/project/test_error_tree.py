import re
from collections.abc import Iterator

from rushes import errors


def _drawn() -> Iterator[tuple[int, str, str]]:
    """Yield depth, class and what stands beside it, for each line of the docstring's tree."""
    assert errors.__doc__ is not None
    for line in errors.__doc__.splitlines():
        match = re.fullmatch(r" {4}([│ ├└─]*)([A-Z]\w+)(?: +(.+))?", line)
        if match:
            yield len(match[1]) // 4, match[2], match[3] or ""


def _real(
    kind: type[errors.RushesError], depth: int = 0
) -> Iterator[tuple[int, type[errors.RushesError]]]:
    yield depth, kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _real(child, depth + 1)


def test_the_drawn_tree_is_the_real_one() -> None:
    """The tree in the docstring has the classes, their order and their parents."""
    drawn = [(depth, name) for depth, name, _ in _drawn()]
    assert drawn == [(depth, kind.__name__) for depth, kind in _real(errors.RushesError)]


def test_the_drawn_codes_are_the_real_ones() -> None:
    """Where the tree shows a code beside a class, the class has it."""
    drawn = {name: re.match(r"[A-Z_]{4,}", text) for _, name, text in _drawn()}
    shown = {name: match[0] for name, match in drawn.items() if match}
    assert len(shown) >= 20
    assert shown == {name: getattr(errors, name).code for name in shown}


def test_every_error_is_public() -> None:
    """Each class of the tree stands in `__all__`."""
    assert {kind.__name__ for _, kind in _real(errors.RushesError)} <= set(errors.__all__)
