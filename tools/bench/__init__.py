"""Figures of the server beside references, in one run; see README.md in this folder."""
