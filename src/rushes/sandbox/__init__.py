"""Both providers as one real HTTP server on loopback, with accounts, faults and a clock.

Importing this package is light; what a name needs loads with its first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .faults import ACTIONS, EFFECTS, Fault, parse_fault
    from .server import Sandbox
    from .settings import SettingInfo, Settings, parse_setting, setting_infos

__all__ = [
    "ACTIONS",
    "EFFECTS",
    "Fault",
    "Sandbox",
    "SettingInfo",
    "Settings",
    "parse_fault",
    "parse_setting",
    "setting_infos",
]

_HOMES = {
    "ACTIONS": "faults",
    "EFFECTS": "faults",
    "Fault": "faults",
    "parse_fault": "faults",
    "Sandbox": "server",
    "SettingInfo": "settings",
    "Settings": "settings",
    "parse_setting": "settings",
    "setting_infos": "settings",
}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
