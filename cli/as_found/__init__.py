"""A lab as trop02 was made in 2018: by qemu-img and virsh, and nothing of this program, one fault included."""
