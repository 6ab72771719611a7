"""``python -m feature_service.history_server``, or ``stockout-history``: see :mod:`.command`."""

import os
import sys

# Read when grpc is imported; as in feature_service.server.__main__.
os.environ.setdefault("GRPC_EXPERIMENTS", "-event_engine_listener")

try:
    from feature_service.history_server.command import main
except ModuleNotFoundError as error:  # an install of the risk service alone has this command too
    sys.exit(f"stockout-history: {error.name} is not installed: install stockout-risk[pipeline], which holds histories")

if __name__ == "__main__":
    main()
