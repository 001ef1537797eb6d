"""What the commands share of their words: which stacks there are, what is an error of use, what to type next.

And how `./trop` and other programs are run on an operator's behalf (`itself`, `signals`).  No command.
"""
