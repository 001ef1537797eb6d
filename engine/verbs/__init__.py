"""The commands of the command line, each with its flags: what it asks of the engine, and what it says in the end.

Not how a run goes, nor how it looks: that is in run/ and display/.
"""
