"""python -m slicerhost: see command_line.py, whose code keeps PySide6's rules; that of a module named __main__ does not."""
from slicerhost.command_line import main

main()
