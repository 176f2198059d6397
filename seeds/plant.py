"""``stet seed``."""

import typer


def command() -> None:
    """Plant the example project, demo, and show how to sign in. Twice changes nothing."""
    from app.cli.running import run
    from seeds import example

    typer.echo(
        "Planted the project demo." if run(example.plant) else "The project demo is there already."
    )
    typer.echo(run(example.how_to_sign_in))
