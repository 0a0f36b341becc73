"""Where patients are drawn: the neighbor layout and other maps, each with its quality."""
