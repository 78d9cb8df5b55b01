"""How many buyers a second can have units of one thing, and of many."""
