"""Tables that are queries: run in a seller's PostgreSQL or SQLite, all of them on one state of the database."""
