"""
The school's daily work: periods, services, marks, skills, notebook, school life, documents,
communication, and what a write leaves behind.

Frozen: what a file of that time looks like does not change any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from pronote_server.storage.trigger_text import never_emptied, refusing, removing

revision = "0002"
down_revision = "0001"

BYTES = sa.LargeBinary()
DATE = sa.Date()
INSTANT = sa.DateTime(timezone=True)
INTEGER = sa.Integer()
JSON = sa.JSON()
MINUTE = sa.String(16)
TEXT = sa.String()


def upgrade() -> None:
    _tables()
    for sql in _triggers():
        op.execute(sql)
    _services_of_lessons()
    # Who remembers an earlier revision cannot be told what changed since.
    op.execute(
        "INSERT INTO change_log (revision, entity, entity_id, audience) "
        "SELECT revision, 'base', '', 'all' FROM header"
    )


def _services_of_lessons() -> None:
    """Make the services of the timetable, as a transfer of this version does."""

    def escaped(code: str) -> str:
        return f"replace(replace({code}, '\\', '\\\\'), '|', '\\|')"

    nothing = "CAST(NULL AS INTEGER)"
    for letter, link, audience in (
        ("C", "lesson_class", "class"),
        ("G", "lesson_group", "group"),
    ):
        op.execute(
            "INSERT INTO service (code, subject_id, teacher_id, class_id, group_id, "
            "coefficient, evaluates_in, bring_to_20, above_average_only, highest_weight, "
            "lowest_weight, from_lessons, orphan, revision) "
            f"SELECT DISTINCT {escaped('subject.code')} || '|' "
            f"|| coalesce({escaped('teacher.code')}, '') || '|{letter}:' "
            f"|| {escaped('audience.code')}, subject.id, teacher.id, "
            f"{'audience.id' if audience == 'class' else nothing}, "
            f"{'audience.id' if audience == 'group' else nothing}, "
            "100, 'both', FALSE, FALSE, 100, 100, TRUE, FALSE, header.revision "
            f"FROM header CROSS JOIN lesson JOIN {link} ON {link}.lesson_id = lesson.id "
            f"JOIN school_{audience} AS audience ON audience.id = {link}.{audience}_id "
            "JOIN subject ON subject.id = lesson.subject_id "
            "LEFT JOIN lesson_teacher ON lesson_teacher.lesson_id = lesson.id "
            "LEFT JOIN teacher ON teacher.id = lesson_teacher.teacher_id "
            "ORDER BY 1"
        )


def _triggers() -> Iterator[str]:
    dialect = op.get_bind().dialect.name
    never = "the audit is append-only"
    yield from refusing(dialect, "audit_is_never_changed", "UPDATE", "audit", "TRUE", never)
    yield from refusing(dialect, "audit_is_never_cut", "DELETE", "audit", "TRUE", never)
    there = "EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
    yield from refusing(dialect, "audit_is_never_replaced", "INSERT", "audit", there, never)
    yield from never_emptied(dialect, "audit_is_never_emptied", "audit", never)
    scale = "(SELECT scale FROM assessment WHERE id = NEW.assessment_id)"
    above = "a mark above the scale"
    for moment in ("INSERT", "UPDATE"):
        yield from refusing(
            dialect,
            f"mark_is_within_scale_on_{moment.lower()}",
            moment,
            "mark",
            f"NEW.value > {scale}",
            above,
        )
    yield from refusing(
        dialect,
        "scale_covers_its_marks",
        "UPDATE OF scale",
        "assessment",
        "EXISTS (SELECT 1 FROM mark WHERE assessment_id = NEW.id AND value > NEW.scale)",
        above,
    )
    for table in ("absence", "lateness", "punishment", "sanction", "follow_up"):
        kind = table.replace("_", "-")
        of_kind = f"SELECT 1 FROM motive WHERE id = NEW.motive_id AND kind = '{kind}'"
        for moment in ("INSERT", "UPDATE OF motive_id"):
            yield from refusing(
                dialect,
                f"{table}_has_its_motive_on_{moment.split()[0].lower()}",
                moment,
                table,
                f"NEW.motive_id IS NOT NULL AND NOT EXISTS ({of_kind})",
                "a motive of another kind",
            )
    yield from refusing(
        dialect,
        "motive_keeps_its_kind",
        "UPDATE OF kind",
        "motive",
        "OLD.kind <> NEW.kind",
        "a motive of another kind",
    )
    for table in (
        "pupil",
        "assessment",
        "evaluation",
        "notebook_entry",
        "homework",
        "absence",
        "lateness",
        "punishment",
        "sanction",
        "follow_up",
        "information",
        "message",
    ):
        owner = table.replace("_", "-")
        for moment in ("INSERT", "UPDATE"):
            yield from refusing(
                dialect,
                f"document_has_its_{table}_on_{moment.lower()}",
                moment,
                "document",
                f"NEW.owner_kind = '{owner}' "
                f"AND NOT EXISTS (SELECT 1 FROM {table} WHERE id = NEW.owner_id)",
                "a document of nothing",
            )
        yield from removing(
            dialect,
            f"document_goes_with_its_{table}",
            table,
            "document",
            f"owner_kind = '{owner}' AND owner_id = OLD.id",
        )


def _column(
    name: str,
    kind: Any,
    check: str | None = None,
    *,
    called: str | None = None,
    to: str | None = None,
    gone: str = "RESTRICT",
    part: bool = False,
    counted: bool = True,
    null: bool = False,
) -> sa.Column[Any]:
    items: list[Any] = []
    if check is not None:
        items.append(sa.CheckConstraint(check, name=called or name))
    if to is not None:
        items.append(sa.ForeignKey(to, ondelete=gone))
    return sa.Column(
        name,
        kind,
        *items,
        primary_key=part,
        autoincrement="auto" if counted else False,
        nullable=null,
    )


def _word(name: str, words: str, *, part: bool = False, null: bool = False) -> sa.Column[Any]:
    values = ", ".join(f"'{one}'" for one in words.split())
    return _column(name, TEXT, f"{name} IN ({values})", part=part, null=null)


def _flag(name: str) -> sa.Column[Any]:
    return _column(name, sa.Boolean(create_constraint=True, name=name))


def _revision() -> sa.Column[Any]:
    return _column("revision", INTEGER, "revision >= 0")


def _entry(name: str, *items: Any) -> None:
    op.create_table(name, _column("id", INTEGER, part=True), *items, sqlite_autoincrement=True)


def _pairs(name: str, *items: Any) -> None:
    op.create_table(name, *items, sqlite_with_rowid=False)


def _index(
    table: str,
    *columns: str,
    called: str | None = None,
    unique: bool = False,
    only: str | None = None,
) -> None:
    where = None if only is None else sa.text(only)
    op.create_index(
        op.f(called or f"ix_{table}_{'_'.join(columns)}"),
        table,
        list(columns),
        unique=unique,
        sqlite_where=where,
        postgresql_where=where,
    )


def _tables() -> None:
    _entry(
        "audit",
        _revision(),
        _column("at", INSTANT),
        _column("actor", TEXT, "actor <> ''"),
        _column("method", TEXT, "method <> ''"),
        _column("entity", TEXT, "entity <> ''"),
        _column("entity_id", TEXT, "entity_id <> ''"),
        _column("before", JSON, null=True),
        _column("after", JSON, null=True),
        sa.CheckConstraint("before IS NOT NULL OR after IS NOT NULL", name="something"),
    )
    _index("audit", "at")
    _index("audit", "entity", "entity_id", "id")
    _pairs(
        "change_log",
        _column("revision", INTEGER, "revision >= 0", part=True, counted=False),
        _column("entity", TEXT, "entity <> ''", part=True),
        _column("entity_id", TEXT, part=True),
        _column("audience", TEXT, part=True),
    )
    _entry(
        "discussion",
        _column("subject", TEXT, "subject <> ''"),
        _column("created_by", TEXT, "created_by <> ''"),
        _column("created_at", INSTANT),
        _revision(),
    )
    _entry(
        "document",
        _column("sha256", sa.String(64), "length(sha256) = 64 AND sha256 = lower(sha256)"),
        _column("size", INTEGER, "size >= 0"),
        _column("media_type", TEXT, "media_type LIKE '_%/_%'"),
        _column("name", TEXT, "name <> ''"),
        _word(
            "owner_kind",
            "pupil assessment evaluation notebook-entry homework absence "
            "lateness punishment sanction follow-up information message",
        ),
        _column("owner_id", INTEGER),
        _column("added_by", TEXT, "added_by <> ''"),
        _column("added_at", INSTANT),
        _revision(),
    )
    _index("document", "owner_kind", "owner_id")
    _index("document", "sha256")
    _pairs(
        "entry_key",
        _column("account", TEXT, "account <> ''", part=True),
        _column("key", TEXT, "length(key) BETWEEN 1 AND 100", part=True),
        _column("method", TEXT, "method <> ''"),
        _column("at", INSTANT),
        _column("answer", BYTES),
    )
    _index("entry_key", "at")
    op.create_table(
        "guardian",
        _column("id", INTEGER, part=True),
        _column("code", TEXT, "code <> ''", called="coded"),
        _column("last_name", TEXT),
        _column("first_name", TEXT),
        _column("email", TEXT, "email <> ''", null=True),
        _column("phone", TEXT, "phone <> ''", null=True),
        _column("sort_name", TEXT),
        _column("search", TEXT),
        sa.UniqueConstraint("code"),
    )
    _index("guardian", "sort_name", "id")
    _entry(
        "holiday",
        _column("starts_on", DATE),
        _column("ends_on", DATE),
        _column("name", TEXT, "name <> ''"),
        sa.UniqueConstraint("starts_on"),
        sa.CheckConstraint("starts_on <= ends_on", name="in_order"),
    )
    _entry(
        "information",
        _column("title", TEXT, "title <> ''"),
        _column("text", TEXT),
        _column("published_at", INSTANT, null=True),
        _column("by", TEXT, "by <> ''"),
        _column("survey", JSON, null=True),
        _revision(),
    )
    _index("information", "published_at")
    _entry(
        "motive",
        _word("kind", "absence lateness punishment sanction follow-up"),
        _column("name", TEXT, "name <> ''"),
        _flag("admissible"),
        _flag("settled"),
        _flag("out_of_school"),
        _flag("health"),
        _flag("report_card"),
        _flag("published"),
        _flag("usable_by_guardians"),
        sa.UniqueConstraint("kind", "name"),
    )
    _entry(
        "period",
        _column("code", TEXT, "code <> ''"),
        _column("name", TEXT, "name <> ''"),
        _word("kind", "trimester semester continuous"),
        _column("starts_on", DATE),
        _column("ends_on", DATE),
        sa.UniqueConstraint("code"),
        sa.CheckConstraint("starts_on <= ends_on", name="in_order"),
    )
    _entry(
        "skill",
        _column("code", TEXT, "code <> ''"),
        _column("name", TEXT, "name <> ''"),
        _column("domain", TEXT),
        sa.UniqueConstraint("code"),
    )
    _pairs(
        "participant",
        _column("discussion_id", INTEGER, to="discussion.id", gone="CASCADE", part=True),
        _column("person", TEXT, "person <> ''", part=True),
        _column("read_at", INSTANT, null=True),
        _column("left_at", INSTANT, null=True),
    )
    _index("participant", "person", "discussion_id")
    _pairs(
        "receipt",
        _column("information_id", INTEGER, to="information.id", gone="CASCADE", part=True),
        _column("person", TEXT, "person <> ''", part=True),
        _column("read_at", INSTANT, null=True),
        _column("answer", TEXT, null=True),
        sa.CheckConstraint("answer IS NULL OR read_at IS NOT NULL", name="read_before_answer"),
    )
    _index("receipt", "person", "information_id")
    _pairs(
        "sealing",
        _column("class_id", INTEGER, to="school_class.id", part=True),
        _column("period_id", INTEGER, to="period.id", part=True),
        _word("what", "marks levels appraisals school-life", part=True),
        _column("sealed_at", INSTANT),
    )
    _entry(
        "service",
        _column("code", TEXT, "code <> ''"),
        _column("subject_id", INTEGER, to="subject.id"),
        _column("teacher_id", INTEGER, to="teacher.id", null=True),
        _column("class_id", INTEGER, to="school_class.id", null=True),
        _column("group_id", INTEGER, to="school_group.id", null=True),
        _column("parent_id", INTEGER, to="service.id", null=True),
        _column("coefficient", INTEGER, "coefficient >= 0"),
        _word("evaluates_in", "marks competencies both"),
        _flag("bring_to_20"),
        _flag("above_average_only"),
        _column("highest_weight", INTEGER, "highest_weight >= 0"),
        _column("lowest_weight", INTEGER, "lowest_weight >= 0"),
        _column("rounding_pupil", TEXT, "rounding_pupil <> ''", null=True),
        _column("rounding_class", TEXT, "rounding_class <> ''", null=True),
        _flag("from_lessons"),
        _flag("orphan"),
        _revision(),
        sa.UniqueConstraint("code"),
        sa.CheckConstraint("from_lessons OR NOT orphan", name="orphan_of_lessons"),
        sa.CheckConstraint("(class_id IS NULL) <> (group_id IS NULL)", name="class_or_group"),
        sa.CheckConstraint("parent_id < id", name="parent_first"),
    )
    _index("service", "class_id")
    _index("service", "group_id")
    _index("service", "parent_id")
    _index("service", "subject_id")
    _index("service", "teacher_id")
    _entry(
        "absence",
        _column("pupil_id", INTEGER, to="pupil.id"),
        _column("starts_at", MINUTE, "starts_at LIKE '____-__-__T__:__'"),
        _column("ends_at", MINUTE, "ends_at LIKE '____-__-__T__:__'", null=True),
        _column("motive_id", INTEGER, to="motive.id", null=True),
        _flag("justified"),
        _flag("settled"),
        _revision(),
        sa.UniqueConstraint("pupil_id", "starts_at"),
        sa.CheckConstraint("starts_at < ends_at", name="in_order"),
    )
    _index("absence", "motive_id")
    _index("absence", "starts_at", "ends_at")
    _index("absence", "pupil_id", called="uq_absence_open", only="ends_at IS NULL", unique=True)
    _entry(
        "appraisal",
        _column("pupil_id", INTEGER, to="pupil.id"),
        _column("service_id", INTEGER, to="service.id", null=True),
        _column("period_id", INTEGER, to="period.id"),
        _column("text", TEXT, "text <> ''"),
        _revision(),
    )
    _index("appraisal", "service_id")
    _index(
        "appraisal",
        "pupil_id",
        "period_id",
        called="uq_appraisal_general",
        only="service_id IS NULL",
        unique=True,
    )
    _index(
        "appraisal",
        "pupil_id",
        "period_id",
        "service_id",
        called="uq_appraisal_of_service",
        unique=True,
    )
    _entry(
        "assessment",
        _column("service_id", INTEGER, to="service.id"),
        _column("period_id", INTEGER, to="period.id"),
        _column("date", DATE),
        _column("title", TEXT),
        _column("scale", INTEGER, "scale BETWEEN 100 AND 99900"),
        _column("coefficient", INTEGER, "coefficient >= 0"),
        _flag("optional"),
        _flag("bonus"),
        _flag("bring_to_20"),
        _column("published_on", DATE, null=True),
        _revision(),
    )
    _index("assessment", "date")
    _index("assessment", "service_id", "period_id", "date")
    _entry(
        "evaluation",
        _column("service_id", INTEGER, to="service.id"),
        _column("period_id", INTEGER, to="period.id"),
        _column("date", DATE),
        _column("title", TEXT),
        _column("coefficient", INTEGER, "coefficient >= 0"),
        _column("published_on", DATE, null=True),
        _revision(),
    )
    _index("evaluation", "date")
    _index("evaluation", "service_id", "period_id", "date")
    _entry(
        "follow_up",
        _column("pupil_id", INTEGER, to="pupil.id"),
        _column("date", DATE),
        _word("kind", "interview phone-call letter meeting other"),
        _column("text", TEXT),
        _column("by", TEXT, "by <> ''"),
        _column("motive_id", INTEGER, to="motive.id", null=True),
        _revision(),
    )
    _index("follow_up", "date")
    _index("follow_up", "motive_id")
    _index("follow_up", "pupil_id", "date")
    _entry(
        "lateness",
        _column("pupil_id", INTEGER, to="pupil.id"),
        _column("at", MINUTE, "at LIKE '____-__-__T__:__'"),
        _column("minutes", INTEGER, "minutes > 0"),
        _column("motive_id", INTEGER, to="motive.id", null=True),
        _flag("justified"),
        _revision(),
        sa.UniqueConstraint("pupil_id", "at"),
    )
    _index("lateness", "at")
    _index("lateness", "motive_id")
    _entry(
        "message",
        _column("discussion_id", INTEGER, to="discussion.id"),
        _column("by", TEXT, "by <> ''"),
        _column("at", INSTANT),
        _column("text", TEXT, "text <> ''"),
        sa.ForeignKeyConstraint(
            ["discussion_id", "by"],
            ["participant.discussion_id", "participant.person"],
            name=op.f("fk_message_participant"),
            ondelete="RESTRICT",
        ),
    )
    _index("message", "discussion_id", "id")
    _index("message", "discussion_id", "by", called="ix_message_participant")
    _entry(
        "notebook_entry",
        _column("lesson_id", INTEGER, to="lesson.id", gone="SET NULL", null=True),
        _column("service_id", INTEGER, to="service.id"),
        _column("date", DATE),
        _column("content", TEXT),
        _column("published_at", INSTANT, null=True),
        _revision(),
        sa.UniqueConstraint("service_id", "date", "lesson_id"),
    )
    _index("notebook_entry", "date")
    _index("notebook_entry", "lesson_id")
    op.create_table(
        "photo",
        _column("pupil_id", INTEGER, to="pupil.id", part=True),
        _column("sha256", sa.String(64), "length(sha256) = 64 AND sha256 = lower(sha256)"),
        _column("size", INTEGER, "size >= 0"),
        _column("media_type", TEXT, "media_type LIKE '_%/_%'"),
        _revision(),
    )
    _index("photo", "sha256")
    _entry(
        "punishment",
        _column("pupil_id", INTEGER, to="pupil.id"),
        _word("kind", "extra-homework exclusion-from-lesson detention"),
        _column("given_on", DATE),
        _column("given_by", TEXT, "given_by <> ''"),
        _column("motive_id", INTEGER, to="motive.id", null=True),
        _column(
            "duration_minutes", INTEGER, "duration_minutes > 0", called="duration", null=True
        ),
        _column("due_on", DATE, null=True),
        _column("scheduled_at", MINUTE, "scheduled_at LIKE '____-__-__T__:__'", null=True),
        _column("room_id", INTEGER, to="room.id", gone="SET NULL", null=True),
        _column("supervisor", TEXT, "supervisor <> ''", null=True),
        _column("work", TEXT),
        _column("done_on", DATE, null=True),
        _column("published_on", DATE, null=True),
        _revision(),
    )
    _index("punishment", "given_on")
    _index("punishment", "motive_id")
    _index("punishment", "pupil_id", "given_on")
    _index("punishment", "room_id")
    _index("punishment", "scheduled_at")
    _pairs(
        "pupil_guardian",
        _column("pupil_id", INTEGER, to="pupil.id", part=True),
        _column("guardian_id", INTEGER, to="guardian.id", part=True),
        _flag("legal"),
    )
    _index("pupil_guardian", "guardian_id", "pupil_id")
    _pairs(
        "roll_call",
        _column("lesson_id", INTEGER, to="lesson.id", part=True),
        _column("date", DATE, part=True),
        _column("taken_by", TEXT, "taken_by <> ''"),
        _column("taken_at", INSTANT),
    )
    _index("roll_call", "date")
    _entry(
        "sanction",
        _column("pupil_id", INTEGER, to="pupil.id"),
        _word(
            "kind",
            "warning reprimand responsibility-measure exclusion-from-class "
            "exclusion permanent-exclusion",
        ),
        _column("decided_on", DATE),
        _column("starts_on", DATE, null=True),
        _column("ends_on", DATE, null=True),
        _column("decided_by", TEXT, "decided_by <> ''"),
        _column("motive_id", INTEGER, to="motive.id", null=True),
        _revision(),
        sa.CheckConstraint("ends_on IS NULL OR starts_on IS NOT NULL", name="begun"),
        sa.CheckConstraint("starts_on <= ends_on", name="in_order"),
    )
    _index("sanction", "decided_on")
    _index("sanction", "motive_id")
    _index("sanction", "pupil_id", "decided_on")
    _pairs(
        "evaluation_skill",
        _column("evaluation_id", INTEGER, to="evaluation.id", gone="CASCADE", part=True),
        _column("skill_id", INTEGER, to="skill.id", part=True),
    )
    _index("evaluation_skill", "skill_id", "evaluation_id")
    _entry(
        "homework",
        _column("notebook_entry_id", INTEGER, to="notebook_entry.id", gone="CASCADE"),
        _column("due_on", DATE),
        _column("text", TEXT, "text <> ''"),
    )
    _index("homework", "due_on")
    _index("homework", "notebook_entry_id")
    _pairs(
        "mark",
        _column("assessment_id", INTEGER, to="assessment.id", part=True),
        _column("pupil_id", INTEGER, to="pupil.id", part=True),
        _column("value", INTEGER, "value >= 0", null=True),
        _word(
            "annotation",
            "absent exempt not-graded unfit not-submitted absent-zero "
            "not-submitted-zero congratulations",
            null=True,
        ),
        _revision(),
        sa.CheckConstraint(
            "(value IS NULL) <> (annotation IS NULL)", name="value_or_annotation"
        ),
    )
    _index("mark", "pupil_id", "assessment_id")
    _pairs(
        "evaluation_level",
        _column("evaluation_id", INTEGER, to="evaluation.id", part=True),
        _column("skill_id", INTEGER, to="skill.id", part=True),
        _column("pupil_id", INTEGER, to="pupil.id", part=True),
        _word(
            "level",
            "very-good satisfactory almost-satisfactory fragile beginning "
            "insufficient absent exempt not-evaluated not-submitted",
        ),
        _revision(),
        sa.ForeignKeyConstraint(
            ["evaluation_id", "skill_id"],
            ["evaluation_skill.evaluation_id", "evaluation_skill.skill_id"],
            name=op.f("fk_evaluation_level_evaluated"),
            ondelete="RESTRICT",
        ),
    )
    _index("evaluation_level", "pupil_id", "skill_id")
