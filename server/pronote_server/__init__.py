"""A server that behaves like a hosted PRONOTE server."""
