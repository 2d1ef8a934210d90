sum=0
for number in ${numbers//[\[\],]/ }; do ((sum += number)); done
quoted=${name//\\/\\\\} quoted=${quoted//\"/\\\"}
token=$(get_secret example_token) length=${#token}
[[ $token ]] || length=null
((ATTUNE_ATTEMPT == 1)) && is_first=true || is_first=false

printf '{"greeting": "Hello, %s!", "sum": %d, "numbers": %s, "is_first": %s, "token_length": %s}' \
  "$quoted" "$sum" "$numbers" "$is_first" "$length" >&"$ATTUNE_RESULT_FD"
