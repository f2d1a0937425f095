"""Where things are and what it costs to move them: places, layouts, networks, trade costs."""
