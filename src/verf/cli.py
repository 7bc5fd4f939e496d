"""verf up | serve | work | migrate | staff | clock | new"""

import typer

main = typer.Typer(no_args_is_help=True)
