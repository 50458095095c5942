"""Logs, statistics and the journal's way out."""
