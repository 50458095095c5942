"""Exclusive use: one writes, the others read."""

from __future__ import annotations

import pytest

from pronote_protocol.errors import Conflict
from pronote_protocol.errors import ExclusiveUse as HeldByAnother
from pronote_server.domain.exclusive import ExclusiveUse


def test_everybody_writes_while_nobody_has_it() -> None:
    use = ExclusiveUse()

    use.check_write("session-1")

    assert (use.holder, use.holder_name) == (None, None)


def test_only_the_holder_writes() -> None:
    use = ExclusiveUse()
    use.begin("session-1", "Superviseur (SPR)")

    use.check_write("session-1")
    with pytest.raises(HeldByAnother) as refused:
        use.check_write("session-2")

    assert refused.value.details == {"holder": "Superviseur (SPR)"}
    assert (use.holder, use.holder_name) == ("session-1", "Superviseur (SPR)")


def test_second_one_is_told_who_has_it() -> None:
    use = ExclusiveUse()
    use.begin("session-1", "Superviseur (SPR)")

    with pytest.raises(HeldByAnother, match="Superviseur"):
        use.begin("session-2", "CPF (CPE71)")

    assert use.holder == "session-1"


def test_beginning_twice_and_ending_twice_are_conflicts() -> None:
    use = ExclusiveUse()
    use.begin("session-1", "Superviseur (SPR)")
    with pytest.raises(Conflict):
        use.begin("session-1", "Superviseur (SPR)")
    use.end("session-1")

    with pytest.raises(Conflict):
        use.end("session-1")


def test_nobody_ends_it_for_the_holder() -> None:
    use = ExclusiveUse()
    use.begin("session-1", "Superviseur (SPR)")

    with pytest.raises(Conflict):
        use.end("session-2")

    assert use.holder == "session-1"


def test_end_of_the_holders_session_ends_it_and_that_of_another_does_not() -> None:
    use = ExclusiveUse()
    use.begin("session-1", "Superviseur (SPR)")

    assert use.leave("session-2") is False
    assert use.leave("session-1") is True
    assert use.leave("session-1") is False

    use.begin("session-2", "CPF (CPE71)")
