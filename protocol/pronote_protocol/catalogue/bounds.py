"""Bounds that many parameters share."""

from __future__ import annotations

from typing import Any, Final

import attrs

__all__ = ["A_PAGE", "CODE", "FROM_0", "NAME", "ONE_CLASS", "SEVERAL", "TITLE"]

FROM_0: Final[Any] = attrs.validators.ge(0)
A_PAGE: Final[tuple[Any, ...]] = (attrs.validators.ge(1), attrs.validators.le(500))
CODE: Final[tuple[Any, ...]] = (attrs.validators.min_len(1), attrs.validators.max_len(20))
NAME: Final[tuple[Any, ...]] = (attrs.validators.min_len(1), attrs.validators.max_len(60))
TITLE: Final[Any] = attrs.validators.max_len(200)
# Entries of one call: more pupils than any service has, and well within one frame.
ONE_CLASS: Final[tuple[Any, ...]] = (attrs.validators.min_len(1), attrs.validators.max_len(500))
# Of what a school has dozens of, such as classes.
SEVERAL: Final[tuple[Any, ...]] = (attrs.validators.min_len(1), attrs.validators.max_len(200))
