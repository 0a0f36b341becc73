"""What every room stands on: errors, atomic files, arrays in files, texts. The standard library and numpy only."""
