"""A spatial economy: what it must say, how it is composed, the general economy."""
