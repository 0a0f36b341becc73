"""``python -m TumorConnectomeLib``: see commands.main."""
import sys

from .commands.main import main

sys.exit(main())
