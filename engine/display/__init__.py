"""What a run shows: its events as text, on a terminal or in lines, and as JSON.

Not what happens: that is in run/.
"""
