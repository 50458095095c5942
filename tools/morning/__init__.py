"""What `tools/day.py` is made of: a server that dies, people at work, and who checks them."""
