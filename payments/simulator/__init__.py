"""A PSP to try Tally with: one process that speaks enough of Stripe's wire protocol for the real adapter.

It stands in for a remote server, so it imports nothing of Tally and nothing of Tally imports it. It keeps its own
record of every charge, and misbehaves on demand: replies that never come, webhooks twice and in any order.
"""
