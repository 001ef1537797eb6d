"""What a change does to what runs, and which of it an operator has allowed; the page of it.  No change is made here."""
