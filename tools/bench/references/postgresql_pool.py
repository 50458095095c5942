"""
PostgreSQL with its default settings, the rows of an entry, a pool of 16 connections.

It is spared what would hold it back: the revision is a sequence and no row that all writers
lock, statements are prepared, the socket is local. Nobody's rights are asked, nobody is told,
and there are no clients.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import sys
import time
from typing import Any

from bench.references.starting import needs, ready, told
from postgresql import NoPostgresql, temporary_postgresql

__all__: list[str] = []

_POOL = 16
_SCHEMA = """
CREATE SEQUENCE revision;
CREATE TABLE assessment (id int PRIMARY KEY, revision bigint NOT NULL);
CREATE TABLE mark (
    assessment_id int REFERENCES assessment, pupil_id int, value int, annotation text,
    revision bigint NOT NULL, PRIMARY KEY (assessment_id, pupil_id));
CREATE INDEX ON mark (pupil_id, assessment_id);
CREATE TABLE audit (
    id bigserial PRIMARY KEY, revision bigint NOT NULL, at timestamptz NOT NULL,
    actor text NOT NULL, method text NOT NULL, entity text NOT NULL, entity_id text NOT NULL,
    before json, after json);
CREATE INDEX ON audit (entity, entity_id, id);
CREATE INDEX ON audit (at);
CREATE TABLE change_log (
    revision bigint, entity text, entity_id text, audience text,
    PRIMARY KEY (revision, entity, entity_id, audience));
CREATE TABLE entry_key (
    account text, key text, method text NOT NULL, at timestamptz NOT NULL,
    answer bytea NOT NULL, PRIMARY KEY (account, key));
CREATE INDEX ON entry_key (at);
"""


async def write(conn: Any, assessment: int, pupil: int, actor: str, number: int) -> None:
    run, key = conn.execute, f"{number:024x}"
    async with conn.transaction():
        known = "SELECT 1 FROM entry_key WHERE account = $1 AND key = $2"
        if await conn.fetchval(known, actor, key) is not None:
            raise AssertionError("a key came twice")
        revision = await conn.fetchval("SELECT nextval('revision')")
        await run(
            "INSERT INTO mark VALUES ($1, $2, $3, NULL, $4) ON CONFLICT"
            " (assessment_id, pupil_id) DO UPDATE"
            " SET value = excluded.value, revision = excluded.revision",
            *(assessment, pupil, (850, 1200)[number & 1], revision),
        )
        await run("UPDATE assessment SET revision = $1 WHERE id = $2", revision, assessment)
        name = f"{assessment}/{pupil}"
        await run(
            "INSERT INTO audit (revision, at, actor, method, entity, entity_id, before, after)"
            " VALUES ($1, now(), $2, 'marks.enter', 'mark', $3, $4, $5)",
            *(revision, actor, name, '{"value": "8.5"}', '{"value": "12"}'),
        )
        await run(
            "INSERT INTO change_log VALUES ($1, 'marks', $2, $3)",
            *(revision, name, '[false, ["DUPAS"]]'),
        )
        await run(
            "INSERT INTO entry_key VALUES ($1, $2, 'marks.enter', now(), $3)",
            *(actor, key, b"\x82\xa8revision\x01\xa7changed\x01"),
        )


async def main(asyncpg: Any, spec: dict[str, Any], address: str) -> None:
    pool = await _pool(asyncpg, address)
    keys = itertools.count(1)
    async with pool.acquire() as conn:
        await conn.execute(_SCHEMA)
        await conn.executemany(
            "INSERT INTO assessment VALUES ($1, 0)",
            [(each["assessment"],) for each in spec["columns"]],
        )

    async def work(seconds: float) -> int:
        stop, done = time.perf_counter() + seconds, 0

        async def writer(assessment: int, pupils: list[int], actor: str) -> None:
            nonlocal done
            for pupil in itertools.cycle(pupils):
                async with pool.acquire() as conn:
                    await write(conn, assessment, pupil, actor, next(keys))
                done += 1
                if time.perf_counter() > stop:
                    return

        await asyncio.gather(
            *(writer(c["assessment"], c["pupils"], c["actor"]) for c in spec["columns"])
        )
        return done

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            begun = time.perf_counter()
            units = await work(float(line))
            said = {"units": units, "wall": time.perf_counter() - begun}
            writer.write(json.dumps(said).encode() + b"\n")

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    ready(server.sockets[0].getsockname()[1])
    await ended.wait()
    pool.terminate()


async def _pool(asyncpg: Any, address: str) -> Any:
    # asyncpg takes SQLAlchemy's address but for the driver's name.
    dsn = address.replace("postgresql+psycopg://", "postgresql://")
    return await asyncpg.create_pool(dsn, min_size=_POOL, max_size=_POOL)


if __name__ == "__main__":
    driver = needs("asyncpg")
    # Until there is a loop that hears it: what is made is taken away again.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with temporary_postgresql(durable=True) as place:
            asyncio.run(main(driver, told(), place))
    except NoPostgresql as error:
        print(error, flush=True)
        raise SystemExit(69) from None
