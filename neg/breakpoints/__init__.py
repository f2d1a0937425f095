"""Break and sustain points of a parameter, and their derivatives."""
