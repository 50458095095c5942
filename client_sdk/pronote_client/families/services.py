"""Services: who teaches what to whom, and how averages are made there."""

from __future__ import annotations

from decimal import Decimal

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import services as calls
from pronote_protocol.catalogue.services import RoundingRow, ServiceRow, ServiceShown
from pronote_protocol.words import EvaluatesIn

__all__ = ["Services"]


class Services(Family):
    """A teacher has his own, others have all."""

    async def list(
        self,
        *,
        class_id: int | None = None,
        group_id: int | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> Page[ServiceRow]:
        """Return part of the services, by subject."""
        return await self._call(
            calls.LIST_SERVICES,
            calls.ListServices(
                class_id=class_id, group_id=group_id, offset=offset, limit=limit
            ),
        )

    async def list_all(
        self, *, class_id: int | None = None, group_id: int | None = None
    ) -> tuple[ServiceRow, ...]:
        """Return all services, those of a class, or those of a group."""
        return await every_row(
            lambda offset: self.list(
                class_id=class_id, group_id=group_id, offset=offset, limit=500
            )
        )

    async def read(self, service: int) -> ServiceShown:
        """Return a service with its options."""
        return await self._call(calls.READ_SERVICE, calls.ServiceRef(id=service))

    async def change(
        self,
        service: int,
        *,
        coefficient: Decimal | None = None,
        evaluates_in: EvaluatesIn | None = None,
        bring_to_20: bool | None = None,
        above_average_only: bool | None = None,
        highest_weight: Decimal | None = None,
        lowest_weight: Decimal | None = None,
        rounding_pupil: RoundingRow | None = None,
        rounding_class: RoundingRow | None = None,
        if_revision: int | None = None,
    ) -> ServiceShown:
        """Change what is given, and return the service as it is now."""
        return await self._call(
            calls.CHANGE_SERVICE,
            calls.ChangeService(
                id=service,
                if_revision=if_revision,
                coefficient=coefficient,
                evaluates_in=evaluates_in,
                bring_to_20=bring_to_20,
                above_average_only=above_average_only,
                highest_weight=highest_weight,
                lowest_weight=lowest_weight,
                rounding_pupil=rounding_pupil,
                rounding_class=rounding_class,
            ),
        )
