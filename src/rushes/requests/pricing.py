"""What a request costs by the catalog's price table."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from rushes.catalog.schema import Model, Price


def price(model: Model, values: Mapping[str, Any]) -> int | None:
    """Return the credits of canonical values, rounded up; None where no table says."""
    table = model.price
    if table is None:
        return None
    rate = _rate(table, values)
    quantity = _quantity(model, table, values)
    if rate is None or quantity is None:
        return None
    return int((rate * quantity).to_integral_value(ROUND_CEILING))


def _rate(table: Price, values: Mapping[str, Any]) -> Decimal | None:
    rate = table.rate if table.by is None else table.rates.get(str(values.get(table.by)))
    if rate is None:
        return None
    added = [each.credits for each in table.surcharges if values.get(each.param) == each.value]
    return sum((Decimal(str(each)) for each in added), Decimal(str(rate)))


def _quantity(model: Model, table: Price, values: Mapping[str, Any]) -> int | None:
    match table.per:
        case "generation":
            return 1
        case "second":
            seconds = values.get("duration")
            return seconds if isinstance(seconds, int) else None
        case "segment":
            texts = next(param.name for param in model.params if param.kind == "texts")
            segments = values.get(texts)
            return len(segments) if isinstance(segments, list) else None
