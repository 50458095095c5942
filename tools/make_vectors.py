"""
Write `protocol/vectors/*.json`: what any implementation must make of which bytes.

Deterministic: nonces and salts are fixed, so that running it again changes nothing unless
the wire changed. `protocol/README.md` describes the files; our own tests execute them.
"""

from __future__ import annotations

import base64
import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pronote_protocol.codec import pack, unpack
from pronote_protocol.envelopes import Response, to_wire
from pronote_protocol.errors import REFUSALS, BadCredentials, NotAllowed, SeatsExhausted
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import (
    AccessChanged,
    Announcement,
    BaseChanged,
    Enter,
    ExclusiveChanged,
    Goodbye,
    LoginFinish,
    Personalise,
    Ping,
    Pong,
    Resume,
)
from pronote_protocol.records import unstructure
from pronote_protocol.scram import BOUND, PLAIN, ClientLogin, ServerLogin, derive
from pronote_protocol.stages import FROM_CLIENT, FROM_SERVER, Saying, Stage
from pronote_protocol.testing import (
    LOGIN,
    PASSWORD,
    Line,
    Rehearsal,
    entered,
    sample_entered,
    sample_hello,
    sample_keys,
    sample_welcome,
)
from pronote_protocol.words import (
    Access,
    Farewell,
    Mode,
    Pool,
    ReturnAdvice,
    SessionState,
)

FOLDER: Final = Path(__file__).resolve().parents[1] / "protocol" / "vectors"
LIMITS: Final = WireLimits()
LEAVING: Final = Goodbye(code=Farewell.LOGOUT, fr="Au revoir.", en="Goodbye.")


def records() -> list[dict[str, Any]]:
    """Return the records of login and events, each with every field said."""
    samples = [
        sample_hello(rne="0330001X"),
        sample_welcome(),
        Personalise(new_password="Encre-violette-9"),
        Enter(mode=Mode.ADMINISTRATIVE, fall_back=True),
        sample_entered(resume_token="00" * 32),
        Resume(session="s-1", token="00" * 32),
        Ping(),
        Pong(),
        LEAVING,
        Goodbye(
            code=Farewell.DISCONNECTED_BY_ADMINISTRATOR,
            fr="Vous avez été déconnecté par un administrateur (DUPAS Nicole).",
            en="You were disconnected by an administrator (DUPAS Nicole).",
            by="DUPAS Nicole",
            advice=ReturnAdvice.LATER,
            after_seconds=60.0,
        ),
        Announcement(
            code=Farewell.SERVER_STOPPING,
            fr="Le serveur s'arrête.",
            en="The server is stopping.",
            in_seconds=30.0,
        ),
        AccessChanged(access=Access.CONSULTATION, state=SessionState.FORCED_CONSULTATION),
        ExclusiveChanged(holder="DUPAS Nicole"),
        BaseChanged(revision=12, what=("resources", "timetable")),
    ]
    return [
        {
            "record": type(sample).__name__,
            "hex": pack(unstructure(sample)).hex(),
            "value": unstructure(sample),
        }
        for sample in samples
    ]


def refusals() -> list[dict[str, Any]]:
    """Return the answer that says each refusal."""
    made = []
    for code, cls in sorted(REFUSALS.items()):
        payload = pack(to_wire(Response(5, cls(retry_after=30.0), None)))
        made.append(
            {
                "code": code,
                "ends": cls.ends,
                "hex": payload.hex(),
                "value": unpack(payload, LIMITS),
            }
        )
    return made


def scram() -> list[dict[str, Any]]:
    """Return logins, text by text."""

    def login(
        name: str,
        *,
        user: str,
        password: str,
        salt: bytes,
        client_nonce: str,
        server_nonce: str,
        certificate_hash: bytes | None = None,
    ) -> dict[str, Any]:
        client = ClientLogin(
            user,
            password,
            mechanisms=(BOUND, PLAIN),
            certificate_hash=certificate_hash,
            nonce=client_nonce,
        )
        server = ServerLogin(
            client.mechanism,
            certificate_hash,
            lambda _: derive(password, 4096, salt),
            nonce=server_nonce,
        )
        first = client.first()
        challenge = server.challenge(first)
        final = client.final(challenge)
        proof = server.verify(final)
        client.check(proof)
        return {
            "name": name,
            "mechanism": client.mechanism,
            "login": user,
            "password": password,
            "salt": salt.hex(),
            "iterations": 4096,
            "certificate_hash": certificate_hash.hex() if certificate_hash else None,
            "client_nonce": client_nonce,
            "server_nonce": server_nonce,
            "client_first": first,
            "server_first": challenge,
            "client_final": final,
            "server_final": proof,
        }

    return [
        login(
            "RFC 7677, section 3",
            user="user",
            password="pencil",
            salt=base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="),
            client_nonce="rOprNGfwEbeRWgbNEkqO",
            server_nonce="%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        ),
        login(
            "bound to a certificate",
            user=LOGIN,
            password=PASSWORD,
            salt=bytes(range(32)),
            client_nonce="client",
            server_nonce="server",
            certificate_hash=bytes(range(64, 96)),
        ),
        login(
            "accents, a comma and an equals sign",
            user="élève=a,b",
            password="Préféré-7-à-gauche",
            salt=bytes(range(32)),
            client_nonce="client",
            server_nonce="server",
        ),
    ]


def conversations() -> list[dict[str, Any]]:
    """Return whole conversations, line by line, with the stage after each."""

    def told(name: str, lines: list[Line]) -> dict[str, Any]:
        return {
            "name": name,
            "lines": [
                {
                    "who": line.who,
                    "hex": line.data.hex(),
                    "message": to_wire(line.message),
                    "stage": line.stage.value,
                }
                for line in lines
            ],
        }

    session = entered()
    session.ask("session.show")
    session.refuse(NotAllowed())
    session.tell_client(ExclusiveChanged(holder="DUPAS Nicole"))
    session.tell_client(Ping())
    session.tell_server(Pong())
    session.tell_server(Goodbye(code=Farewell.LOGOUT))
    session.tell_client(LEAVING)

    busy = Rehearsal()
    busy.ask("hello", sample_hello())
    busy.refuse(REFUSALS["server_busy"](retry_after=5.0))
    busy.tell_client(
        Goodbye(code=Farewell.SERVER_STOPPING, advice=ReturnAdvice.LATER, after_seconds=5.0)
    )

    wrong = Rehearsal()
    wrong.ask("hello", sample_hello())
    wrong.answer(sample_welcome())
    client = ClientLogin(
        LOGIN, "faux", mechanisms=(PLAIN,), certificate_hash=None, nonce="client"
    )
    server = ServerLogin(PLAIN, None, sample_keys, nonce="server")
    first = client.first()
    wrong.ask("login.start", {"mechanism": PLAIN, "client_first": first})
    challenge = server.challenge(first)
    wrong.answer({"server_first": challenge})
    wrong.ask("login.finish", LoginFinish(client_final=client.final(challenge)))
    wrong.refuse(BadCredentials())

    full = entered(must_change=True)
    full.ask("password.personalise", Personalise(new_password="Encre-violette-9"))
    full.answer()
    full.ask("session.enter", Enter(mode=Mode.ADMINISTRATIVE))
    full.refuse(SeatsExhausted(pool=Pool.MODIFICATION, total=5, consultation_possible=False))
    full.tell_server(Goodbye(code=Farewell.LOGOUT))

    resumed = Rehearsal()
    resumed.ask("hello", sample_hello())
    resumed.answer(sample_welcome())
    resumed.ask("session.resume", Resume(session="s-1", token="00" * 32))
    resumed.answer(sample_entered(resume_token="01" * 32))

    return [
        told("a session from hello to goodbye", session.lines),
        told("a server too busy to greet", busy.lines),
        told("a wrong password, which may be tried again", wrong.lines),
        told("a password personalised, and no seat free", full.lines),
        told("a session resumed after a cut", resumed.lines),
    ]


def stages() -> list[dict[str, Any]]:
    """Return, for each stage, what each end may say, and the stage after it."""
    return [
        {
            "stage": stage.value,
            "client_may": {
                saying.value: FROM_CLIENT[stage, saying].value
                for saying in Saying
                if (stage, saying) in FROM_CLIENT
            },
            "server_may": {
                saying.value: FROM_SERVER[stage, saying].value
                for saying in Saying
                if (stage, saying) in FROM_SERVER
            },
        }
        for stage in Stage
    ]


FILES: Final[dict[str, Callable[[], Any]]] = {
    **runpy.run_path(str(Path(__file__).with_name("vectors_of_bytes.py")))["FILES"],
    "records": records,
    "refusals": refusals,
    "scram": scram,
    "conversations": conversations,
    "stages": stages,
}


def texts() -> dict[str, str]:
    """Return what each file should hold, by its name; bytes become ``{"$bytes": HEX}``."""

    def as_json(made: Any) -> str:
        return json.dumps(
            made, ensure_ascii=False, indent=1, default=lambda data: {"$bytes": data.hex()}
        )

    return {f"{name}.json": as_json(make()) + "\n" for name, make in FILES.items()}


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
