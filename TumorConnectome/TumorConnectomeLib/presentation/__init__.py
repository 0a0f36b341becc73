"""What people read, as data: summaries, colors, heat maps, titles. No Qt, no files."""
