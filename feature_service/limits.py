"""What one request may hold, for the server, the clients and the Bento alike. The protos state the same."""

MAX_IDS = 1000
"""Product ids, unless the server is told another number."""

MAX_ID_BYTES = 256
"""Of one product id, UTF-8."""

MAX_PAGE = 1000
"""Products on one page of a ranked list."""

MAX_EVENTS = 1000
"""Events that a request to record them may hold, as its proto says."""
