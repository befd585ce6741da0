"""`python -m ecgan`, and so `torchrun -m ecgan train ...`."""

import sys

from ecgan.apps.cli import main

if __name__ == "__main__":
    sys.exit(main())
