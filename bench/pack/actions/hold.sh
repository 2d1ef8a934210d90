until [[ -e $file ]]; do
  sleep 1
done
