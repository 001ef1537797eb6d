"""Serve the provider to the Pulumi CLI, which runs this folder as ``python <folder> <engine address>``.

The CLI reads the port from the first line of stdout, and nothing else may be printed there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

# Run as a folder, Python puts the folder itself on the path, where "provider" is not to be found.
sys.path[0] = str(Path(__file__).resolve().parent.parent)


async def serve() -> None:
    import grpc
    from pulumi.runtime.proto import provider_pb2_grpc

    from provider.protocol.plugin import servicer

    engine = sys.argv[1] if len(sys.argv) > 1 else ""
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 400 << 20)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        sys.exit(130)
