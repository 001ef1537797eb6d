"""One run: what the program wants, the steps from what there is to that, and how they are done and written down.

Not the program itself, nor what is shown.
"""
