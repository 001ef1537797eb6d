"""`./trop audit`: what is wrong with what runs, against what is declared; it reads, and changes nothing."""
