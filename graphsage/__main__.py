"""``python -m graphsage``: the same as the ``graphsage`` command."""

from graphsage.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
