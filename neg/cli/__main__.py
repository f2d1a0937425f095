"""Run the command line as ``python -m neg.cli``."""

import sys

from neg.cli import main

sys.exit(main())
