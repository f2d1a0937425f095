"""Trade agreements as data."""
