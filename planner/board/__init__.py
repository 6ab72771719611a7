"""The table of a question: every product with its risk and its plan, kept as fresh as the server's."""
