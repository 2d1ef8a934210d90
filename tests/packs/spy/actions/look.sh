echo "as $(id -u) $(id -g) $(id -G)"
echo "work $(stat -c '%u %a' .)"
echo "reopened" > /dev/stdout
echo "$paths" | tr -d '[]" ' | tr ',' '\n' | while read -r path; do
    if [ -d "$path" ]; then look=ls; else look=cat; fi  # ls tells the name of a file that cannot be read
    if $look "$path" > /dev/null 2>&1; then echo "reads $path"; else echo "refused $path"; fi
done
for environ in /proc/[0-9]*/environ; do
    if tr '\0' '\n' < "$environ" 2> /dev/null | grep -q '^DATABASE_URL='; then echo "reads $environ"; fi
done
touch "$ATTUNE_PACK_DIR/changed" 2> /dev/null && echo "changed the pack"
artifacts=$(sed 's/.*"artifacts_dir": *"\([^"]*\)".*/\1/')
echo "left by $(id -u)" > "$artifacts/note.txt"
