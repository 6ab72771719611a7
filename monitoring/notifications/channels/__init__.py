"""The ways to tell somebody: a mail server, Slack, any address that takes a signed JSON document."""
