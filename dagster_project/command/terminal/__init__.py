"""What the `scoring` command shows people: answers and runs in words and tables (JSON: json_text.py)."""
