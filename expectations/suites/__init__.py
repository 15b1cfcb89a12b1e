"""What good data is, one file a hand-over: pure functions that return GX suites.

Belongs here: expectations with their sentences and severities; parameters for all that depends
on the day or on scoring.yaml.
Does not belong here: running them (runner.py), reading tables, knowing Dagster or paths.
"""
