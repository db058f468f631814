# Sources of this directory, and the unit tests that belong to them.
