"""What knows no economics: errors, statuses, checks, named parameters, records."""
