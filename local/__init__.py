"""Stand-ins for every outside system, so that the whole product runs on one machine."""
