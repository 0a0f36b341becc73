"""Long work: child processes, downloads, several at once; one way to wait for them, to cancel them and to hear of them."""
