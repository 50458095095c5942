"""
Packages whose parts are imported when they are first named (PEP 562).

Of some hundred classes a program uses ten, and making a class of `attrs` costs as much as
reading a small file. A package that uses this imports for mypy and editors what it has to
offer, under ``TYPE_CHECKING``, and for Python nothing::

    if TYPE_CHECKING:
        from school.marks import Marks as Marks
    else:
        __getattr__, __dir__ = on_demand(__name__, {"Marks": "marks"})

What is named once is kept in the package, and found there from then on without coming here.
Any thread may be the first: Python imports a module once.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["on_demand"]


def on_demand(
    package: str, where: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """
    Return ``__getattr__`` and ``__dir__`` of *package*.

    Args:
        where: For each name the package offers, its module in the package that has it. The
            modules themselves may be named too.
    """

    def get(name: str) -> Any:
        if name in where:
            found = getattr(importlib.import_module(f"{package}.{where[name]}"), name)
            setattr(sys.modules[package], name, found)
            return found
        # What looks for special attributes is not looking for a file.
        if not name.startswith("_") and name in _modules(package):
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *where, *_modules(package)})

    return get, names


def _modules(package: str) -> list[str]:
    return [each.name for each in pkgutil.iter_modules(sys.modules[package].__path__)]
