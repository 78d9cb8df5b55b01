"""The story of a payment: one page, one time line, from any id of it."""
