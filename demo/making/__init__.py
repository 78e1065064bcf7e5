"""How the demo files are made: run by hand through `python -m demo.build`, never by the product."""
