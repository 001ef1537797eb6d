# Takes away the containers and services that were brought up here; volumes and secrets' key stay.
kept=${TROP_KEPT:-/var/lib/trop-services}
[ -e "$kept/list" ] && command -v docker > /dev/null || exit 0
sed -n 's/^container \([^ ]*\) .*/\1/p' "$kept/list" | while read -r name; do docker rm -f "$name" > /dev/null 2>&1 < /dev/null; done
sed -n 's/^stack \([^ ]*\) .*/\1/p' "$kept/list" | while read -r name; do docker stack rm "$name" > /dev/null < /dev/null || exit 1; done
rm -f "$kept/list" "$kept/known"
