"""The picture of the rack, as SVG, PNG and Mermaid, and what differs from it.

`model` says what a picture has in it, `compare` fills it, `drawing` and `mermaid` draw it.  How hosts are asked is not
here: that is `cli.live`.
"""
