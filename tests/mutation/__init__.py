"""Does the suite notice when a guard of the database is gone?"""
