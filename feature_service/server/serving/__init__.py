"""One loaded snapshot that answers, which one is current, and its answers as bytes."""
