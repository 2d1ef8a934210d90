# One write, appended: when it began.
printf '%s %s %s %s\n' "$n" "$ATTUNE_EXECUTION_ID" "$ATTUNE_ATTEMPT" "$EPOCHREALTIME" >> "$file"
