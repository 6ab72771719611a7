"""Who is told when something changes: one digest for each run, by e-mail, Slack and webhook, through an outbox."""
