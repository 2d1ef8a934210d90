echo first line
head -c "$((mebibytes * 1048576))" /dev/zero | tr '\0' 'x' | fold -w 99
echo
echo last line
