if [[ -n $cwd ]]; then
  cd -- "$cwd" || exit
fi
eval "$cmd"
