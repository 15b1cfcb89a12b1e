"""What stands behind the `scoring` command (cli.py): doing (operations, runs), asking (answers), showing (terminal)."""
