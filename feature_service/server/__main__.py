"""``python -m feature_service.server``, or ``stockout-server``: see :mod:`feature_service.server.command`."""

import os

# Read when grpc is imported. gRPC's newer way to listen costs CPU under asyncio (DECISIONS 34).
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")

from feature_service.server.command import main

if __name__ == "__main__":
    main()
