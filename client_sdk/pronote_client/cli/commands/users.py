"""``users``, ``groups``, ``profiles`` and ``password``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from pronote_client.cli.commands.context_parameter import WithContext
from pronote_client.cli.context import Context, UsageProblem
from pronote_client.cli.showing import as_object, items, word
from pronote_protocol.catalogue.users import GeneratedPassword
from pronote_protocol.words import GroupType, Mode

__all__ = ["add_commands"]


def add_commands(app: App) -> None:
    """Add the commands of this module."""
    users = App(name="users", help="Les utilisateurs. USER : un identifiant ou un numéro.")
    app.command(users)
    users.command(list_users, name="list")
    users.command(create)
    users.command(change)
    users.command(delete)
    users.command(read_password, name="password")
    users.command(reset_password)
    groups = App(name="groups", help="Les groupes d'utilisateurs administratifs.")
    app.command(groups)
    groups.command(list_groups, name="list")
    groups.command(create_group, name="create")
    groups.command(delete_group, name="delete")
    app.command(profiles)
    password = App(name="password", help="Son propre mot de passe.")
    app.command(password)
    password.command(change_password, name="change")
    password.command(password_rules, name="rules")


def _user(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _done(context: Context, sentence: str) -> None:
    if context.terminal.json:
        context.terminal.emit({"done": True})
    else:
        context.terminal.say(sentence)


def _show_password(context: Context, made: GeneratedPassword) -> None:
    if context.terminal.json:
        context.terminal.emit(as_object(made))
    else:
        context.terminal.say(
            f"{made.login} (n° {made.id}) : mot de passe {made.password}, à personnaliser à "
            "la première connexion."
        )


async def list_users(
    *,
    search: str | None = None,
    mode: Mode | None = None,
    offset: int = 0,
    limit: int = 100,
    all_: Annotated[bool, Parameter(name="--all", negative="")] = False,
    context: WithContext,
) -> None:
    """
    Lister les utilisateurs.

    Parameters
    ----------
    search
        Seulement ceux qui correspondent, sans égard aux accents.
    mode
        Seulement ceux qui peuvent se connecter dans ce mode.
    offset
        Rang du premier.
    limit
        Nombre, 500 au plus.
    all_
        Tous.
    """
    async with context.open() as client:
        if all_:
            rows = await client.users.list_all(search=search, mode=mode)
            offset, total = 0, len(rows)
        else:
            page = await client.users.list(search=search, mode=mode, offset=offset, limit=limit)
            rows, total = page.rows, page.total
    if context.terminal.json:
        context.terminal.emit(items(rows, total=total, offset=offset))
        return
    context.terminal.table(
        f"Utilisateurs ({len(rows)} sur {total})",
        ("N°", "Identifiant", "Nom", "Modes", "Groupe", "Profil", "Mot de passe", "Actif"),
        (
            (
                row.id,
                row.login,
                row.name,
                ", ".join(word(mode) for mode in row.modes),
                row.group,
                row.teacher_profile or row.staff_profile,
                _PASSWORDS.get(row.password, row.password),
                "oui" if row.active else "non",
            )
            for row in rows
        ),
    )


_PASSWORDS = {"generated": "généré", "personalised": "personnalisé", "unset": "absent"}


async def create(
    name: str,
    /,
    *,
    login: str | None = None,
    group: str | None = None,
    teacher_profile: str | None = None,
    staff_profile: str | None = None,
    context: WithContext,
) -> None:
    """
    Créer un utilisateur ; son premier mot de passe est affiché.

    Parameters
    ----------
    name
        NOM Prénom.
    login
        Identifiant ; tiré du nom si rien n'est dit.
    group
        Groupe : ouvre le mode Administratif.
    teacher_profile
        Profil : ouvre le mode Enseignant.
    staff_profile
        Profil : ouvre le mode Vie scolaire.
    """
    async with context.open() as client:
        made = await client.users.create(
            name,
            login=login,
            group=group,
            teacher_profile=teacher_profile,
            staff_profile=staff_profile,
        )
    _show_password(context, made)


async def change(
    user: str,
    /,
    *,
    name: str | None = None,
    group: str | None = None,
    teacher_profile: str | None = None,
    staff_profile: str | None = None,
    active: bool | None = None,
    force_change: bool | None = None,
    superadministrator: bool | None = None,
    context: WithContext,
) -> None:
    """
    Modifier un utilisateur ; un texte vide retire un groupe ou un profil.

    Parameters
    ----------
    name
        NOM Prénom.
    active
        --no-active le désactive et termine ses sessions.
    force_change
        Exiger qu'il personnalise son mot de passe.
    """
    async with context.open() as client:
        row = await client.users.change(
            _user(user),
            name=name,
            group=group,
            teacher_profile=teacher_profile,
            staff_profile=staff_profile,
            active=active,
            force_change=force_change,
            superadministrator=superadministrator,
        )
    if context.terminal.json:
        context.terminal.emit(as_object(row))
    else:
        context.terminal.say(f"{row.login} (n° {row.id}) : modifié.")


async def delete(user: str, /, *, context: WithContext) -> None:
    """Supprimer un utilisateur ; ses sessions prennent fin."""
    async with context.open() as client:
        await client.users.delete(_user(user))
    _done(context, f"{user} : supprimé.")


async def read_password(user: str, /, *, context: WithContext) -> None:
    """Lire un mot de passe généré, tant qu'il n'est pas personnalisé."""
    async with context.open() as client:
        made = await client.users.password(_user(user))
    _show_password(context, made)


async def reset_password(user: str, /, *, context: WithContext) -> None:
    """Générer un nouveau mot de passe."""
    async with context.open() as client:
        made = await client.users.reset_password(_user(user))
    _show_password(context, made)


async def list_groups(*, context: WithContext) -> None:
    """Lister les groupes."""
    async with context.open() as client:
        rows = await client.groups.list()
    if context.terminal.json:
        context.terminal.emit(items(rows))
        return
    context.terminal.table(
        "Groupes",
        ("N°", "Nom", "Type", "Membres"),
        ((row.id, row.name, row.type.value, row.members) for row in rows),
    )


async def create_group(
    name: str,
    /,
    *,
    type_: Annotated[GroupType, Parameter(name="--type")] = GroupType.MODIFICATION,
    context: WithContext,
) -> None:
    """Créer un groupe, de type modification ou consultation."""
    async with context.open() as client:
        row = await client.groups.create(name, type_)
    if context.terminal.json:
        context.terminal.emit(as_object(row))
    else:
        context.terminal.say(f"Groupe {row.name} (n° {row.id}) : créé.")


async def delete_group(name: str, /, *, context: WithContext) -> None:
    """Supprimer un groupe sans membres."""
    async with context.open() as client:
        await client.groups.delete(name)
    _done(context, f"Groupe {name} : supprimé.")


async def profiles(*, context: WithContext) -> None:
    """Les profils des enseignants et des personnels."""
    async with context.open() as client:
        rows = await client.profiles.list()
    if context.terminal.json:
        context.terminal.emit(items(rows))
        return
    context.terminal.table(
        "Profils",
        ("N°", "Nom", "Mode", "Membres"),
        ((row.id, row.name, word(row.mode), row.members) for row in rows),
    )


async def change_password(
    *, new_password_file: Path | None = None, context: WithContext
) -> None:
    """
    Changer son mot de passe.

    Parameters
    ----------
    new_password_file
        Fichier du nouveau ; demandé deux fois si rien n'est dit.
    """
    context = context.with_asked_password()
    new = context.new_password(new_password_file, ask=True)
    if new is None:
        raise UsageProblem("--new-password-file manque (missing).")
    async with context.open() as client:
        await client.password.change(context.password(), new)
    _done(context, "Mot de passe changé.")


async def password_rules(*, context: WithContext) -> None:
    """Ce que doit respecter un mot de passe."""
    async with context.open() as client:
        rules = await client.password.rules()
    if context.terminal.json:
        context.terminal.emit(as_object(rules))
        return
    needs = [
        text
        for needed, text in (
            (rules.need_lower, "une minuscule"),
            (rules.need_upper, "une majuscule"),
            (rules.need_digit, "un chiffre"),
            (rules.need_special, "un caractère spécial"),
        )
        if needed
    ]
    context.terminal.say(
        f"De {rules.min_length} à {rules.max_length} caractères, avec {', '.join(needs)}."
    )
