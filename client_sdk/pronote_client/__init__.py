"""The SDK: connection settings, clients and their command line."""
