# One write each, appended: lines of different processes cannot mix, and their order is that of the writes.
printf 'start %s %s %s\n' "$n" "$ATTUNE_EXECUTION_ID" "$ATTUNE_ATTEMPT" >> "$file"
if [[ $seconds != 0 ]]; then sleep "$seconds"; fi
printf 'end %s %s %s\n' "$n" "$ATTUNE_EXECUTION_ID" "$ATTUNE_ATTEMPT" >> "$file"
