"""Benchmarks: what the product reaches on this machine, beside the usual alternatives and the targets set for it.

A benchmark is a module with a function `run(setting: Setting) -> list[Row]`, named in `BENCHMARKS` of `__main__`.
"""
