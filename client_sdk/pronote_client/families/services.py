"""Services: who teaches what to whom, and how averages are made there."""

from __future__ import annotations

from decimal import Decimal

from pronote_client.families.family import Family, every_row
from pronote_protocol.catalogue import Page
from pronote_protocol.catalogue import services as calls
from pronote_protocol.catalogue import sub_services as sub_calls
from pronote_protocol.catalogue.school_life import ThingRef
from pronote_protocol.catalogue.services import RoundingRow, ServiceRow, ServiceShown
from pronote_protocol.words import EvaluatesIn, SubServiceUse

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
        out_of: int | None = None,
        bonus_malus: bool | None = None,
        sub_services: SubServiceUse | None = None,
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
                out_of=out_of,
                bonus_malus=bonus_malus,
                sub_services=sub_services,
            ),
        )

    async def set_coefficient(
        self,
        service: int,
        period: int,
        coefficient: Decimal | None,
        *,
        if_revision: int | None = None,
    ) -> ServiceShown:
        """Say what a service counts for in one period; None: as in the others."""
        return await self._call(
            calls.SET_COEFFICIENT,
            calls.SetCoefficient(
                id=service, period_id=period, coefficient=coefficient, if_revision=if_revision
            ),
        )

    async def create(
        self,
        subject: int,
        *,
        teacher_id: int | None = None,
        class_id: int | None = None,
        group_id: int | None = None,
        parent_id: int | None = None,
        coefficient: Decimal = Decimal(1),
        evaluates_in: EvaluatesIn = EvaluatesIn.BOTH,
    ) -> ServiceShown:
        """
        Create a service by hand: of a class or a group, or with *parent_id* a sub-service.

        Raises:
            Conflict: The parent is a sub-service itself.
        """
        return await self._call(
            sub_calls.CREATE_SERVICE,
            sub_calls.CreateService(
                subject_id=subject,
                teacher_id=teacher_id,
                class_id=class_id,
                group_id=group_id,
                parent_id=parent_id,
                coefficient=coefficient,
                evaluates_in=evaluates_in,
            ),
        )

    async def link(
        self, service: int, parent: int, *, if_revision: int | None = None
    ) -> ServiceShown:
        """
        Make a service a sub-service of *parent*.

        Raises:
            Conflict: They are not of one class or group, or *parent* is the younger one.
        """
        return await self._call(
            sub_calls.LINK_SERVICE,
            sub_calls.LinkService(id=service, parent_id=parent, if_revision=if_revision),
        )

    async def unlink(self, service: int, *, if_revision: int | None = None) -> ServiceShown:
        """Make a sub-service a service of its own again."""
        return await self._call(
            sub_calls.UNLINK_SERVICE, ThingRef(id=service, if_revision=if_revision)
        )

    async def delete(self, service: int, *, if_revision: int | None = None) -> None:
        """
        Delete a service that no lesson makes.

        Raises:
            Conflict: Something was entered for it.
        """
        await self._call(
            sub_calls.DELETE_SERVICE, ThingRef(id=service, if_revision=if_revision)
        )
