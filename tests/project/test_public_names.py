import inspect
import types

import rushes


def test_all_names_can_be_imported() -> None:
    """Each name of `__all__` is there, also those that are loaded at their first use."""
    assert [name for name in rushes.__all__ if not hasattr(rushes, name)] == []


def test_all_is_what_a_user_sees() -> None:
    """`dir(rushes)` shows the names of `__all__` and no others, besides modules."""
    seen = {
        name
        for name in dir(rushes)
        if not name.startswith("_") and not isinstance(getattr(rushes, name), types.ModuleType)
    }
    assert seen == {name for name in rushes.__all__ if not name.startswith("_")}


def test_all_is_sorted_and_without_doubles() -> None:
    """`__all__` is easy to read."""
    assert list(rushes.__all__) == sorted(set(rushes.__all__))


def test_everything_public_is_explained() -> None:
    """Each public class and function has a docstring."""
    public = [getattr(rushes, name) for name in rushes.__all__]
    objects = [one for one in public if inspect.isclass(one) or inspect.isroutine(one)]
    assert objects
    assert [one.__name__ for one in objects if not inspect.getdoc(one)] == []
