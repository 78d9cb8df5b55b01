"""The admin's start page: what moves today, and what waits for somebody, each figure with a way to its list."""
