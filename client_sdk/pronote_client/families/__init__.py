"""
The calls of the catalogue as typed methods, one class a family.

A family, and with it its part of the catalogue, is imported when it is first named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pronote_protocol.on_demand import on_demand

if TYPE_CHECKING:
    from pronote_client.families.absences import Absences
    from pronote_client.families.account import Account
    from pronote_client.families.appraisals import Appraisals
    from pronote_client.families.assessments import Assessments
    from pronote_client.families.averages import Averages
    from pronote_client.families.backups import Backups
    from pronote_client.families.base_files import BaseFiles
    from pronote_client.families.bases import Bases, Works
    from pronote_client.families.bonus_malus import BonusMalus
    from pronote_client.families.changes import Changes
    from pronote_client.families.discussions import Discussions
    from pronote_client.families.documents import Documents, Photos
    from pronote_client.families.follow_ups import FollowUps
    from pronote_client.families.half_days import HalfDays
    from pronote_client.families.information import Information
    from pronote_client.families.kinds import (
        Calendar,
        GroupMembers,
        GuardianLinks,
        Kind,
        TimeGrid,
    )
    from pronote_client.families.latenesses import Latenesses
    from pronote_client.families.letters import Letters
    from pronote_client.families.marks import Marks
    from pronote_client.families.motives import Motives
    from pronote_client.families.notebook import Homework, Notebook
    from pronote_client.families.past_results import PastResults
    from pronote_client.families.periods import Periods
    from pronote_client.families.presence import Presence
    from pronote_client.families.punishments import Punishments
    from pronote_client.families.recovery import Recovery
    from pronote_client.families.resources import Resources, Timetable
    from pronote_client.families.roll import Roll
    from pronote_client.families.sanctions import Sanctions
    from pronote_client.families.security import Inactivity, Journal, Suspensions
    from pronote_client.families.services import Services
    from pronote_client.families.sessions import (
        Base,
        Connections,
        Exclusive,
        Password,
        Seats,
        SessionCalls,
    )
    from pronote_client.families.skills import Evaluations, Levels, Skills
    from pronote_client.families.transfer import Progress, SourceFile, Transfer
    from pronote_client.families.users import Groups, Profiles, Users
    from pronote_client.families.version import Version
    from pronote_client.families.years import Years
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "Absences": "absences",
            "Account": "account",
            "Appraisals": "appraisals",
            "Assessments": "assessments",
            "Averages": "averages",
            "Backups": "backups",
            "Base": "sessions",
            "BaseFiles": "base_files",
            "Bases": "bases",
            "BonusMalus": "bonus_malus",
            "Calendar": "kinds",
            "Changes": "changes",
            "Connections": "sessions",
            "Discussions": "discussions",
            "Documents": "documents",
            "Evaluations": "skills",
            "Exclusive": "sessions",
            "FollowUps": "follow_ups",
            "GroupMembers": "kinds",
            "Groups": "users",
            "GuardianLinks": "kinds",
            "HalfDays": "half_days",
            "Homework": "notebook",
            "Inactivity": "security",
            "Information": "information",
            "Journal": "security",
            "Kind": "kinds",
            "Latenesses": "latenesses",
            "Letters": "letters",
            "Levels": "skills",
            "Marks": "marks",
            "Motives": "motives",
            "Notebook": "notebook",
            "Password": "sessions",
            "PastResults": "past_results",
            "Periods": "periods",
            "Photos": "documents",
            "Presence": "presence",
            "Profiles": "users",
            "Progress": "transfer",
            "Punishments": "punishments",
            "Recovery": "recovery",
            "Resources": "resources",
            "Roll": "roll",
            "Sanctions": "sanctions",
            "Seats": "sessions",
            "Services": "services",
            "SessionCalls": "sessions",
            "Skills": "skills",
            "SourceFile": "transfer",
            "Suspensions": "security",
            "TimeGrid": "kinds",
            "Timetable": "resources",
            "Transfer": "transfer",
            "Users": "users",
            "Version": "version",
            "Works": "bases",
            "Years": "years",
        },
    )

__all__ = [
    "Absences",
    "Account",
    "Appraisals",
    "Assessments",
    "Averages",
    "Backups",
    "Base",
    "BaseFiles",
    "Bases",
    "BonusMalus",
    "Calendar",
    "Changes",
    "Connections",
    "Discussions",
    "Documents",
    "Evaluations",
    "Exclusive",
    "FollowUps",
    "GroupMembers",
    "Groups",
    "GuardianLinks",
    "HalfDays",
    "Homework",
    "Inactivity",
    "Information",
    "Journal",
    "Kind",
    "Latenesses",
    "Letters",
    "Levels",
    "Marks",
    "Motives",
    "Notebook",
    "Password",
    "PastResults",
    "Periods",
    "Photos",
    "Presence",
    "Profiles",
    "Progress",
    "Punishments",
    "Recovery",
    "Resources",
    "Roll",
    "Sanctions",
    "Seats",
    "Services",
    "SessionCalls",
    "Skills",
    "SourceFile",
    "Suspensions",
    "TimeGrid",
    "Timetable",
    "Transfer",
    "Users",
    "Version",
    "Works",
    "Years",
]
