key=$(get_secret canary_key)
echo "on stdout: $key"
echo "on stderr: $key" >&2
echo "{\"length\": ${#key}, \"missing\": \"$(get_secret not_there)\", \"exported\": $(env | grep -c canary-)}"
