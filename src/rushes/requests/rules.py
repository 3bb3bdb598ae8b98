"""A model's rules over several parameters."""

from collections.abc import Collection, Mapping
from typing import Any

from rushes.catalog.schema import AnyOf, Exclusive, Model, OnlyWhen, OnlyWith, Rule, Unused
from rushes.errors import Problem
from rushes.requests.words import listed, shown


def broken(model: Model, given: Collection[str], values: Mapping[str, Any]) -> list[Problem]:
    """Return a problem for each broken rule.

    `given` holds the canonical names that the user gave, well-formed or not; `values` the
    canonical values with defaults.
    """
    problems = (_broken(rule, given, values) for rule in model.rules)
    return [problem for problem in problems if problem]


def unused(model: Model, given: Collection[str]) -> dict[str, str]:
    """Map each parameter that the provider will not use to the one because of which."""
    return {
        rule.param: rule.given
        for rule in model.rules
        if isinstance(rule, Unused) and rule.given in given
    }


def _broken(rule: Rule, given: Collection[str], values: Mapping[str, Any]) -> Problem | None:
    match rule:
        case Exclusive(groups=groups):
            present = [[name for name in group if name in given] for group in groups]
            sides = [names for names in present if names]
            if len(sides) > 1:
                sides_text = " and ".join(listed(names, "and") for names in sides)
                name = sides[1][0]
                return Problem(
                    name,
                    f"{sides_text} exclude each other: leave out one side.",
                    shown(values.get(name)),
                )
        case AnyOf(params=params):
            if not any(name in given for name in params):
                return Problem(params[0], f"Give at least one of {listed(params)}.", None, params)
        case OnlyWith(param=param, others=others):
            if param in given and not any(name in given for name in others):
                return Problem(
                    param,
                    f"{param} is taken only together with {listed(others)}.",
                    shown(values.get(param)),
                    others,
                )
        case OnlyWhen(param=param, value=value, other=other, values=allowed):
            if values.get(param) == value and other in values and values[other] not in allowed:
                return Problem(
                    param,
                    f"{param} {value} is offered only with {other} {listed(allowed)}, not "
                    f"{shown(values[other])}.",
                    shown(value),
                    tuple(allowed),
                )
        case Unused():
            pass
    return None
