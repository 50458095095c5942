"""The calls of the catalogue as typed methods, one class a family."""

from __future__ import annotations

from pronote_client.families.changes import Changes
from pronote_client.families.notebook import Homework, Notebook
from pronote_client.families.resources import Resources, Timetable
from pronote_client.families.security import Inactivity, Journal, Suspensions
from pronote_client.families.sessions import (
    Base,
    Connections,
    Exclusive,
    Password,
    Seats,
    SessionCalls,
)
from pronote_client.families.transfer import Progress, SourceFile, Transfer
from pronote_client.families.users import Groups, Profiles, Users

__all__ = [
    "Base",
    "Changes",
    "Connections",
    "Exclusive",
    "Groups",
    "Homework",
    "Inactivity",
    "Journal",
    "Notebook",
    "Password",
    "Profiles",
    "Progress",
    "Resources",
    "Seats",
    "SessionCalls",
    "SourceFile",
    "Suspensions",
    "Timetable",
    "Transfer",
    "Users",
]
