"""When and where: Dagster, landing, the home, the command line."""
