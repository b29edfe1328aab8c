"""The chaos harness: the real DAGs on the local stack while a seeded injector does harm, against one quiet load.

`python -m tests.chaos --help`. What must hold, whatever happens on the way:

* **Equal rows.** Staging, quarantine, staging models and marts end as one quiet load of the whole span leaves them, row
  for row, but for the columns that say when and with which batch a row came.
* **Conservation.** Each row of audit.loads: extracted = landed = inserted + updated + superseded + quarantined, in rows
  and in money; a batch stands there once; no published row belongs to a batch that does not stand there.
* **No operator for what a retry mends.** A killed worker, a lost session or answer, a failed statement, leftovers: the
  next try gets through.
* **All or nothing.** A run that a drifted source stops has published nothing of the drifted table.

For the quiet load to receive the same data, although it looks once and the harmed one on many days, the source history
(timeline.py) keeps to this:

* Orders, items and refunds hold their newest version only, and staging too: every change has a later `updated_at` than
  the one before it, so the last state of the source is the state to end in. Nothing is deleted.
* Products and customers keep every version, and so do the stand-ins of the catalog and the CRM: a version is seen by
  whoever asks for its time, early or late.
* A day's web export is replaced whole; staging keeps the newest. Each is written again on one of the three days after
  at most, and never after the last day, so that a daily run reads it.
* What is quarantined never changes, because quarantine keeps every version that was seen, and the quiet load sees one.
* Rows that commit too late for every daily run are loaded by a run with `start` and `end`, as reconcile asks for.
"""
