# One write each, appended: lines of different processes cannot mix.
note() { printf '%s %s %s %s %s\n' "$ATTUNE_EXECUTION_ID" "$ATTUNE_ATTEMPT" $$ "$1" "${EPOCHREALTIME/[.,]/}" >> "$file"; }
if [[ ${stubborn:-} ]]; then
    trap '' TERM
    setsid sleep 86400 >/dev/null 2>&1 </dev/null &  # left behind on purpose
fi
note start
if (( ${#text} != chars )); then exit 3; fi
if [[ $seconds != 0 && $seconds != 0.0 ]]; then sleep "$seconds"; fi
note end
if (( ATTUNE_ATTEMPT <= fails )); then exit 1; fi
