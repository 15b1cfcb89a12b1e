"""Landing: vendor files → typed daily Parquet with both clocks; bad rows → quarantine.

door.py is the one way in; known_at.py and history.py give rows their clocks; store.py is the layout on disk.
"""
