"""The version of the command line; that of the Attune it was made with."""

VERSION = "0.1.0"
