"""The mark that every simulated file carries."""

SIMULATED = "simulated, not a measurement"
