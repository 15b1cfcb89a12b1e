"""What a score is: training, calibration, evaluation, explanation, scoring. Pure Python.

Nothing here knows Dagster, SQL, or where a home keeps its files; only registry.py knows MLflow.
"""
