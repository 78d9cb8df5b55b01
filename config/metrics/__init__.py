"""What the service shows to whoever watches it."""
