"""
grpcio's asyncio server, one unary method, without TLS.

The rows are encoded by msgpack in the handler, as in the other references: Protocol Buffers
would need generated code and cost about the same for thirty rows. The request is decoded too.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgpack

from bench.references.starting import needs, ready, told

__all__: list[str] = []


async def main(grpc: Any) -> None:
    result: dict[str, Any] = told()["result"]

    async def lister(request: dict[str, Any], _: Any) -> dict[str, Any]:
        assert request["limit"]
        return result

    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "school.Resources",
                {
                    "List": grpc.unary_unary_rpc_method_handler(
                        lister,
                        request_deserializer=msgpack.unpackb,
                        response_serializer=msgpack.packb,
                    )
                },
            ),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ready(port)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(needs("grpc")))
