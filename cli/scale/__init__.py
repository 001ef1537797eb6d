"""`./trop bench scale`: many VMs on several hypervisors, beside a bare libvirt-python script and the SDK alone.

`measure` goes the rounds, `figures` and `chart` show what came of it; `bare`, `sdk` and `program` are processes of
their own.  The benches of one stack are in bench/.
"""
