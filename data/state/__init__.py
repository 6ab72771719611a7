"""Small state that changes: an SQL database, SQLite in the work dir by default, PostgreSQL by URL."""
