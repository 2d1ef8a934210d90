# Read by bash right before a shell action (BASH_ENV), so that `$0`, BASH_SOURCE and line numbers are the action's own.
# Stdin is left alone: it holds the JSON document.

declare -A __attune_secrets=()
if [[ -n ${ATTUNE_ASSIGNMENTS_FD-} ]]; then
  source "/dev/fd/$ATTUNE_ASSIGNMENTS_FD" # the parameters as variables, the secrets in an array; none is exported
  exec {ATTUNE_ASSIGNMENTS_FD}<&-
fi
PATH=$PATH:$ATTUNE_PACK_DIR/lib # where `source name.sh` looks last
unset BASH_ENV ATTUNE_ASSIGNMENTS_FD # a bash started by the action is no action

get_secret() { # NAME: prints the secret as it is, nothing where it is not set
  printf %s "${__attune_secrets[${1:-?}]-}"
}
