"""PSPs to try Tally with: one process that speaks enough of their wire protocols for the real adapters.

It stands in for remote servers, so it imports nothing of Tally and nothing of Tally imports it. It keeps its own record
of every charge, and misbehaves on demand: replies that never come, webhooks twice and in any order.

What they have in common is here; each protocol is a package of its own, named in protocols.py.
"""
