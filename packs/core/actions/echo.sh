printf '%s\n' "$message"
