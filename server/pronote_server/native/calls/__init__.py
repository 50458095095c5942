"""The calls of the native door, one module per family."""
