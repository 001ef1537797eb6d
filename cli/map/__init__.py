"""The picture of the rack, as SVG, PNG and Mermaid, and what differs from it."""
