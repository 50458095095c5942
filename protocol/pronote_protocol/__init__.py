"""The wire: words, messages, frames and the conversation, with no I/O at all."""
