"""`./trop bench scale`: many VMs on several hypervisors, beside a bare libvirt-python script and the SDK alone."""
