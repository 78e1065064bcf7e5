"""The rig of the live feed: real processes, random commands, faults, and a judge who was not there (design §5).

`python -m tests.feed_rig --seed 7 --store postgres --seconds 20` runs once; `make rig` runs many seeds.
"""
