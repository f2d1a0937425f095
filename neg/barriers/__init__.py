"""What stands between places: trade costs in layers."""
