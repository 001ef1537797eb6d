"""The embedded engine: the same program, provider, state and words as with the Pulumi CLI, in one process.

The core is `deployment.run`.  It is held to recordings of the CLI (``tests/engine/recordings``), call by call; where
it differs on purpose, it is to be safer or plainer:

- Beside a protected resource nothing is deleted at all, by destroy or by an up; the CLI deletes all else first.  The
  same holds for a dependent that would have to be deleted before what it depends on.
- An ``import_`` that the program would replace fails at preview already; the CLI warns there and fails later.
- A provider that asks to be replaced is refused, and so is one whose settings come from another resource.
- A managed resource does not turn into one that is only read (`.get()`) or into another imported object.
- An interrupted create is forgotten once the resource was created; the CLI keeps it until it is cleared by hand.
- A program that will get no answers ends without a word; the CLI shows the traceback of its KeyboardInterrupt.
- sourcePosition and stackTrace in the state have only the project's own files.
"""
