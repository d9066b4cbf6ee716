"""The program: `postrender`, or `python -m postrender`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; the exit code comes back."""
    try:
        from postrender import cli

        return cli.run(sys.argv[1:])
    except KeyboardInterrupt:  # while still importing
        return 130


if __name__ == "__main__":
    sys.exit(main())
