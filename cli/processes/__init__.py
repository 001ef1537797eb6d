"""Other processes: `./trop` started anew, and what a Ctrl-C does while something runs.

Not what is run: the commands say that.
"""
