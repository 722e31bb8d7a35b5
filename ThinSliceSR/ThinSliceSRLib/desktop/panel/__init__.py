"""The panel: its sections, and what they ask and say."""
