"""The product held against numbers that were published or computed without it."""
