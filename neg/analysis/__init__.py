"""From data to answers: calibration, scenarios, welfare, policy."""
