"""The REST API over a small shop, over real HTTP."""
