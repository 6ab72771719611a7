"""``python -m feature_service.history_server``, or ``stockout-history``."""

import os

# Read when grpc is imported; as in feature_service.server.__main__.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")

from feature_service.history_server.command import main

if __name__ == "__main__":
    main()
