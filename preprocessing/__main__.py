"""``python -m preprocessing``: the same as ``graphsum preprocess``, without graphsum."""

import sys

from preprocessing.commands import main

if __name__ == "__main__":
    sys.exit(main())
