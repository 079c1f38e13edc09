"""What `make` calls: the trial portal, the tests, the checks."""
