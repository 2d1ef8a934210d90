"""Run one process and know how it ended: started and killed by the warden, its output masked and bounded.

`process.run` takes a `spec.RunSpec` and gives an `outcome.RunResult`; `result.parse_result` reads the
result out of it; `logread.LogReader` reads what was logged. Standard library only, no Django.
(Nothing is imported here: the warden imports this package too, and must stay small.)
"""
