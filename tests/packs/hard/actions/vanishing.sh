exec /nowhere/at/all
