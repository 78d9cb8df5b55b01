"""The demonstration: buyers who behave as badly as real ones, and the proof that the books are right all the same."""
