"""The account and what leaves for its responsible, for the operator."""

from __future__ import annotations

from typing import Any

import attrs

from pronote_protocol.errors import Conflict
from pronote_protocol.records import structure, unstructure
from pronote_server.domain.outgoing import OutgoingMessage, OutgoingState
from pronote_server.hosting import account, outbox
from pronote_server.hosting.asker import Asker
from pronote_server.rescue.commands.asked import OPERATOR, At, FindSchool, plain
from pronote_server.rescue.door import Command

__all__ = ["commands"]

_ASKER = Asker(OPERATOR, None)


@attrs.frozen(kw_only=True)
class _Change(At):
    terms: dict[str, str] = attrs.field(factory=dict)
    unset: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class _Password(At):
    password: str = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class _Message(At):
    message: str


@attrs.frozen(kw_only=True)
class _Retry(At):
    message: str | None = None


def commands(at: FindSchool) -> dict[str, Command]:
    """Return the commands on the schools *at* finds."""

    async def show(params: dict[str, Any]) -> Any:
        school = at(structure(params, At))
        shown = unstructure(account.show_account(school))
        return {**shown, "changed": dict(school.account_changes)}

    async def change(params: dict[str, Any]) -> Any:
        wish = structure(params, _Change)
        school = at(wish)
        changes: dict[str, str | None] = {**wish.terms, **dict.fromkeys(wish.unset)}
        shown = unstructure(await account.change_terms(school, changes, _ASKER))
        return {**shown, "changed": dict(school.account_changes)}

    async def console_password(params: dict[str, Any]) -> Any:
        school = at(structure(params, At))
        password = await account.new_console_password(school, _ASKER)
        identity = school.account.identity
        return {
            "hosting_number": identity.hosting_number,
            "invoice_number": identity.invoice_number,
            "password": password,
        }

    async def supervisor_password(params: dict[str, Any]) -> Any:
        wish = structure(params, _Password)
        await account.set_supervisor_password(at(wish), wish.password, _ASKER)
        return {"done": True}

    async def list_outbox(params: dict[str, Any]) -> Any:
        school = at(structure(params, At))
        rows = await outbox.list_outgoing(school)
        spool = str(outbox.spool_folder(school))
        return {"items": [_listed(row) for row in rows], "spool": spool}

    async def show_message(params: dict[str, Any]) -> Any:
        wish = structure(params, _Message)
        found = await outbox.find_outgoing(at(wish), wish.message)
        return {**_listed(found), "recipient": found.recipient, "body": found.body}

    async def retry(params: dict[str, Any]) -> Any:
        wish = structure(params, _Retry)
        school = at(wish)
        if wish.message is not None:
            one = await outbox.retry_outgoing(school, wish.message, _ASKER)
            return {"items": [_listed(one)]}
        again = [
            each
            for each in await outbox.list_outgoing(school)
            if each.state in (OutgoingState.WAITING, OutgoingState.FAILED)
        ]
        if not again:
            raise Conflict("Aucun message n'attend.", "No message waits.")
        tried = [await outbox.retry_outgoing(school, each.message_id, _ASKER) for each in again]
        return {"items": [_listed(each) for each in tried]}

    return {
        "account.show": show,
        "account.set": change,
        "account.console_password": console_password,
        "account.supervisor_password": supervisor_password,
        "outbox.list": list_outbox,
        "outbox.show": show_message,
        "outbox.retry": retry,
    }


def _listed(message: OutgoingMessage) -> dict[str, Any]:
    """Return *message* without what it says: that may be a password."""
    return {
        **plain(attrs.evolve(message, recipient=outbox.masked_recipient(message), body=None)),
        "id": message.message_id[:8],
    }
