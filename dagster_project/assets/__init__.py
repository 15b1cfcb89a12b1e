"""The assets in the order of the data: ingestion → transform → training → scoring → publishing → monitoring."""
