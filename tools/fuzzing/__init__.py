"""What `tools/fuzz_wire.py` is made of."""
