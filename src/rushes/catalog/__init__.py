"""The models as data: parameters, limits, prices, endpoints, poll plans.

Nothing is read at import; `load` reads the packaged files and the user's own.
"""

from rushes.catalog.index import Catalog
from rushes.catalog.load import load

__all__ = ["Catalog", "load"]
