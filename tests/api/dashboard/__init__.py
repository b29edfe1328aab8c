"""The dashboard in headless Chromium, against the API on a small built shop."""
