"""Processor time, processes, turns, and what a figure is."""
