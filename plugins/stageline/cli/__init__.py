"""The command line."""


def main() -> None:
    """Run the command line; entry point of the script `stageline`."""
    from stageline.cli.app import app

    app()
