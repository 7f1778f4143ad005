"""``python -m graphsage``: the same as the ``graphsage`` command."""

if __name__ == "__main__":
    try:
        from graphsage.cli.main import main
    except KeyboardInterrupt:  # Ctrl-C before anything had begun
        raise SystemExit(130) from None
    raise SystemExit(main())
