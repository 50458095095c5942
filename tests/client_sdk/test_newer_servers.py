"""A server of a later version may tell more; this client passes it over."""

from __future__ import annotations

import pytest

from pronote_client.connection import answered_as
from pronote_protocol.catalogue.sessions import AccessGranted
from pronote_protocol.errors import RemoteProtocolError
from pronote_protocol.messages import BaseChanged


def test_unknown_fields_of_answers_and_events_are_passed_over() -> None:
    granted = answered_as(
        {"access": "modification", "state": "modification", "since": "2030"}, AccessGranted
    )
    event = answered_as({"revision": 3, "what": ["marks"], "by": "x"}, BaseChanged)

    assert granted.access.value == "modification"
    assert event.revision == 3


def test_missing_fields_are_not() -> None:
    with pytest.raises(RemoteProtocolError):
        answered_as({"access": "modification"}, AccessGranted)
