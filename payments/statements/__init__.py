"""Files that people upload, in our words: bytes in, rows out, each good or bad. Pure."""
