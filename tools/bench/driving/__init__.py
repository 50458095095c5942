"""The generator: raw sockets, bytes made before, answers counted."""
