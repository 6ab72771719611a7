"""How the command prints an answer: tables for people, JSON and CSV for programs."""
