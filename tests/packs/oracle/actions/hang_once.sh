# Its first attempt never ends by itself; later ones do at once.
printf 'start %s %s %s\n' "$n" "$ATTUNE_EXECUTION_ID" "$ATTUNE_ATTEMPT" >> "$file"
if (( ATTUNE_ATTEMPT == 1 )); then sleep 300; fi
printf 'end %s %s %s\n' "$n" "$ATTUNE_EXECUTION_ID" "$ATTUNE_ATTEMPT" >> "$file"
