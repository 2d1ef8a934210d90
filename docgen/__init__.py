"""What `script/docs` does besides MkDocs: writes the parts of the documents that say what the code says.

| module | its one job |
|---|---|
| parts | which parts are generated, and their place between two marks of a page |
| settings | the table of settings |
| command_line | the reference of the command line |
| rest | the reference of the REST API |
| problems | the codes of problem documents |
| metrics | the table of metrics |
| pack_files | the fields of a pack's files |
| markdown | tables and inline code |
| collected | pages that list files of their folder: decisions, changes (a hook of MkDocs) |

A generated part is committed, so that it can be read without building anything; a test compares it with the code.
"""
