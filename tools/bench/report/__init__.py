"""The table, the JSON, the page."""
