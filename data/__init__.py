"""Order histories in, weekly panels and published snapshots out."""
