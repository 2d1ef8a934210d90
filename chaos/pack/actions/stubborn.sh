stubborn=yes
. "$ATTUNE_PACK_DIR/actions/note.sh"
