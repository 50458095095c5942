"""Why a message was not taken."""

from __future__ import annotations

__all__ = ["DeliveryFailed"]


class DeliveryFailed(Exception):
    """
    Nobody took the message, or whether somebody did is not known: try again.

    Args:
        problem: One line for the operator; no address and nothing of the message is in it.
        final: Whether trying again can only fail again.
    """

    def __init__(self, problem: str, *, final: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.final = final
