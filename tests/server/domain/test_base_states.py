"""The life of a base (fiches 4, 8, 9): every command in every state."""

from __future__ import annotations

import itertools

import pytest

from pronote_protocol.errors import Conflict
from pronote_server.domain.base_states import (
    COMMANDS,
    BaseCommand,
    BaseState,
    begin,
    states_table,
)

UNDER_WAY = (BaseState.STOPPING, BaseState.CHANGING)
REPLACING = (
    BaseCommand.CREATE,
    BaseCommand.OPEN,
    BaseCommand.RESTORE,
    BaseCommand.CHANGE_VERSION,
    BaseCommand.RENAME,
)


@pytest.mark.parametrize("command", BaseCommand)
@pytest.mark.parametrize("state", UNDER_WAY)
def test_nothing_begins_while_something_is_under_way(
    state: BaseState, command: BaseCommand
) -> None:
    with pytest.raises(Conflict) as refused:
        begin(state, command)

    assert refused.value.retry_after == 1.0


@pytest.mark.parametrize("command", REPLACING)
def test_what_replaces_the_base_needs_the_server_stopped(command: BaseCommand) -> None:
    """Fiche 8; whoever has not stopped it is told to."""
    with pytest.raises(Conflict, match="Stop the server first"):
        begin(BaseState.IN_SERVICE, command)

    rule = begin(BaseState.LOADED, command)
    assert rule.during is BaseState.CHANGING
    assert rule.after[BaseState.LOADED] is BaseState.LOADED


@pytest.mark.parametrize("command", [BaseCommand.CREATE, BaseCommand.OPEN, BaseCommand.RESTORE])
def test_a_school_without_a_base_can_have_one(command: BaseCommand) -> None:
    assert begin(BaseState.NONE, command).after[BaseState.NONE] is BaseState.LOADED


@pytest.mark.parametrize(
    ("command", "state", "after"),
    [
        (BaseCommand.PUT_IN_SERVICE, BaseState.LOADED, BaseState.IN_SERVICE),
        (BaseCommand.STOP, BaseState.IN_SERVICE, BaseState.LOADED),
    ],
)
def test_service_goes_on_and_off(
    command: BaseCommand, state: BaseState, after: BaseState
) -> None:
    assert begin(state, command).after[state] is after
    for other in set(BaseState) - {state}:
        with pytest.raises(Conflict):
            begin(other, command)


@pytest.mark.parametrize("command", [BaseCommand.EXPORT, BaseCommand.COMPLETE])
def test_files_are_made_and_completed_while_clients_work(command: BaseCommand) -> None:
    rule = begin(BaseState.IN_SERVICE, command)

    assert rule.during is None
    assert rule.after[BaseState.IN_SERVICE] is BaseState.IN_SERVICE


def test_a_refused_command_leads_nowhere_and_an_allowed_one_somewhere() -> None:
    for state, command in itertools.product(BaseState, BaseCommand):
        try:
            begin(state, command)
        except Conflict:
            assert COMMANDS[command].after[state] is None
        else:
            assert COMMANDS[command].after[state] is not None


def test_every_command_says_what_it_needs_and_what_clients_see() -> None:
    table = states_table()

    for command in BaseCommand:
        assert COMMANDS[command].needs
        assert COMMANDS[command].clients
        assert f"| {command.value} |" in table
