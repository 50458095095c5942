"""Synchronous rules of a hosted school: no await, no clock, no I/O."""
