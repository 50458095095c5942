"""``python -m pronote_server``."""

from pronote_server.cli import main

main()
