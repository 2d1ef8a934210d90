exec sleep "$seconds"
