"""The command line and the worker commands that run in child processes."""
