"""How fast settlement lines are matched, and whether rightly."""
