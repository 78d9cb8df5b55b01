"""`manage.py verify --replay`: everything that can be rebuilt from what is only ever appended, rebuilt and compared."""
