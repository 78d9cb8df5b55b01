"""How fast events come in: signed webhooks into the inbox, and batches through the event entrance."""
