"""What stands behind the `scoring` command (cli.py): its words, doing, asking, showing; see ARCHITECTURE.md."""
