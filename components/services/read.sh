# Prints what containers and services there are, as JSON; nothing is changed.
# PACKAGES, USERS and ZONE: what a Docker host is to have; of what is missing there are notes.
kept=${TROP_KEPT:-/var/lib/trop-services}
export HOME="${HOME:-/root}" # docker looks for its settings there; an agent has none

# A line of what follows: kind|name|…, as the awk below reads it.
facts() {
    command -v docker > /dev/null || { echo 'note|docker is not installed'; return; }
    docker info > /dev/null 2>&1 || { echo 'note|docker is installed, and does not answer'; return; }
    [ -e "$kept/known" ] && { echo known; sed 's/ /|/g; s/^/known|/' "$kept/known"; }
    # .ID, not .Id: a name that Docker's own type has not makes it forget that there may be no Health.
    docker ps -aq --no-trunc | xargs -r docker inspect --type container --format \
        'container|{{.Name}}|{{.Config.Image}}|{{index .Config.Labels "trop.config"}}|{{.ID}}|{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{end}}|{{index .Config.Labels "com.docker.swarm.service.name"}}'
    services=$(docker service ls --format 'replicas|{{.Name}}|{{.Replicas}}' 2> /dev/null)
    [ -n "$services" ] || return
    echo "$services"
    docker service inspect --format '{{.Spec.Name}}|{{.Spec.TaskTemplate.ContainerSpec.Image}}|{{json .Spec}}' \
        $(echo "$services" | cut -d'|' -f2) | while IFS='|' read -r name image spec; do
        echo "service|$name|${image%%@*}|$(printf '%s\n' "$spec" | sha256sum | cut -c1-64)"
    done
}

installed() {
    if command -v dpkg-query > /dev/null; then dpkg-query -W -f '${Status}' "$1" | grep -q ' installed$'
    elif rpm --version > /dev/null; then rpm -q --whatprovides "$1"
    fi
}

recipe() {
    gone=
    for each in $PACKAGES; do installed "$each" > /dev/null 2>&1 || gone="$gone $each"; done
    [ -z "$gone" ] || echo "note|missing packages:$gone"
    gone=
    for each in $USERS; do grep -q "^$each:" /etc/passwd || gone="$gone $each"; done
    [ -z "$gone" ] || echo "note|missing users:$gone"
    [ -z "$ZONE" ] || case $(readlink -f /etc/localtime) in
        */"$ZONE") ;;
        *) echo "note|the time zone is not $ZONE" ;;
    esac
}

{ facts; recipe; } | awk -F'|' '
function text(value) { gsub(/[^A-Za-z0-9_.,:@\/+ -]/, "?", value); return "\"" value "\"" }
function add(name, rest) { states = states (states == "" ? "" : ", ") text(name) ": {" rest "}" }
$1 == "note" { notes = notes (notes == "" ? "" : ", ") text($2) }
$1 == "known" { before = 1; if (NF == 5) known[$2, $3, $4] = $5 }
function config(kind, name, id) {
    if ((kind, name, id) in known) return known[kind, name, id]
    return before ? "changed by hand" : ""
}
$1 == "container" && $8 == "" {
    name = substr($2, 2)
    add("container " name, "\"image\": " text($3) ", \"settings\": " text($4 != "" ? $4 : config($1, name, $5)) \
        ", \"status\": " text($6 ($7 == "" || $7 == "healthy" ? "" : ", " $7)))
}
$1 == "replicas" { sub(/ .*/, "", $3); replicas[$2] = $3 }
$1 == "service" { add("service " $2, "\"image\": " text($3) ", \"settings\": " text(config($1, $2, $4)) ", \"replicas\": " text(replicas[$2])) }
END { print "{\"state\": {" states "}, \"notes\": [" notes "]}" }
'
