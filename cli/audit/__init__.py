"""`./trop audit`: what is wrong with what runs, against what is declared; it reads, and changes nothing.

`look` asks the hosts and their guests, `world` is all that was said, `rules` finds faults in that, `show` tells them.
All but `look` and what it calls is pure.  What nobody declares, and does no harm, is not told here but by adopt/.
"""
