"""The calls: bytes in, checked, read as a question, answered, encoded; who may call what."""
