echo "attempt $ATTUNE_ATTEMPT"
(( ATTUNE_ATTEMPT >= 3 )) || { echo "not yet" >&2; exit 3; }
