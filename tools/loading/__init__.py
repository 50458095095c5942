"""What `tools/load.py` is made of; `demo_server` also serves `tools/fuzz_wire.py`."""
