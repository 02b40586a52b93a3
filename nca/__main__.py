"""`python -m nca`."""

from nca.cli import main

main(prog_name="nca")
