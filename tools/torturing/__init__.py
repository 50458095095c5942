"""Writing while the server is killed: what `torture.py` is made of."""
