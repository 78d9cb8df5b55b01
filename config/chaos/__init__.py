"""`manage.py chaos`: sell while everything dies, then heal, and find that nothing is missing and nothing is double."""
