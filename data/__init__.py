"""From order files and stock counts to weekly panels, and from panels to published snapshots."""
