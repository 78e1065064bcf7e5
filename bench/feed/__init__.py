"""The live feed beside other servers, in one run: `python -m bench.feed`."""
