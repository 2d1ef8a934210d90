echo "on stdout: $token"
echo "on stderr: $token" >&2
sleep "$seconds"
printf '{"plain": "%s"}' "${token//\"/\\\"}" >&"$ATTUNE_RESULT_FD"
