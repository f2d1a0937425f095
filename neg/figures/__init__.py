"""Arrays and records in, matplotlib axes out; nothing here solves anything."""
