"""The ways out of PostgreSQL that the extraction benchmark compares; each is run as a process of its own."""
