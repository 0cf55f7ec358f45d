"""What asv follows from commit to commit; see ``bench/README.md``."""

import sys
from pathlib import Path

# asv loads this folder by itself: let it find `bench`, but after what is installed, so
# that `fastntk` is that of the commit measured and not that of the checkout.
sys.path.append(str(Path(__file__).resolve().parents[2]))
