trap '' TERM
setsid bash -c "trap '' TERM; exec -a $marker sleep 300" &
echo ready
exec -a "$marker" sleep 300
