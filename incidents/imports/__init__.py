"""Importing tickets with their event history from another system's export.

One way for every system: `reading` opens the file, `events` turns rows into events by a `mapping`
(which is data), `spool` groups them by case outside of memory, `replay` tells each case's story
from its events, and `writing` puts new cases and later events into the database in batches.
"""
