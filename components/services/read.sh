# Prints what containers and services there are, as JSON; nothing is changed.
# PACKAGES, USERS and ZONE: what a Docker host is to have; of what is missing there are notes.
# DECLARED: names of containers and services; STACK: whose the services are.
kept=${TROP_KEPT:-/var/lib/trop-services}
export HOME="${HOME:-/root}" # docker looks for its settings there; an agent has none

# What somebody else's container or service has, a line each: ours have a label.
its_own='{{if not (index .Config.Labels "trop.config")}}{{range .Mounts}}has|container {{$.Name}}|volumes|{{if .Name}}{{.Name}}{{else}}{{.Source}}{{end}}:{{.Destination}}
{{end}}{{range .Config.Env}}has|container {{$.Name}}|environment|{{json .}}
{{end}}{{range $port, $there := .HostConfig.PortBindings}}{{range $there}}has|container {{$.Name}}|ports|{{.HostIP}}:{{.HostPort}}->{{$port}}
{{end}}{{end}}{{range $network, $there := .NetworkSettings.Networks}}has|container {{$.Name}}|networks|{{$network}}
{{end}}made|container {{.Name}}|{{.Image}}
{{end}}'
its_own_in_a_swarm='{{if not (index .Spec.Labels "trop.config")}}{{with .Spec.TaskTemplate.ContainerSpec}}{{range .Mounts}}has|service {{$.Spec.Name}}|volumes|{{.Source}}:{{.Target}}
{{end}}{{range .Env}}has|service {{$.Spec.Name}}|environment|{{json .}}
{{end}}{{end}}{{with .Spec.EndpointSpec}}{{range .Ports}}has|service {{$.Spec.Name}}|ports|{{.PublishedPort}}->{{.TargetPort}}/{{.Protocol}}
{{end}}{{end}}{{range .Spec.TaskTemplate.Networks}}has|service {{$.Spec.Name}}|networks|{{.Target}}
{{end}}{{end}}'

# A line of what follows: kind|name|…, as the awk below reads it.
facts() {
    command -v docker > /dev/null || { echo 'note|docker is not installed'; return; }
    docker info > /dev/null 2>&1 || { echo 'note|docker is installed, and does not answer'; return; }
    [ -e "$kept/known" ] && { echo known; sed 's/ /|/g; s/^/known|/' "$kept/known"; }
    # .ID, not .Id: a name that Docker's own type has not makes it forget that there may be no Health.
    docker ps -aq --no-trunc | xargs -r docker inspect --type container --format \
        'container|{{.Name}}|{{.Config.Image}}|{{index .Config.Labels "trop.config"}}|{{.ID}}|{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{end}}|{{index .Config.Labels "com.docker.swarm.service.name"}}|{{.HostConfig.LogConfig.Type}}|{{index .HostConfig.LogConfig.Config "max-size"}}
'"$its_own"
    services=$(docker service ls --format 'replicas|{{.Name}}|{{.Replicas}}' 2> /dev/null)
    [ -n "$services" ] || return
    echo "$services"
    docker service inspect --format 'service|{{.Spec.Name}}|{{.Spec.TaskTemplate.ContainerSpec.Image}}|{{index .Spec.Labels "com.docker.stack.namespace"}}|{{.ID}}:{{.Version.Index}}|'@FIELDS@'
'"$its_own_in_a_swarm" $(echo "$services" | cut -d'|' -f2) | while IFS='|' read -r kind name image stack version fields; do
        case $kind in
            service) echo "service|$name|${image%%@*}|$stack|$version|$(printf '%s\n' "$fields" | sha256sum | cut -c1-64)" ;;
            *) echo "$kind|$name|$image|$stack" ;;
        esac
    done
    formerly
}

# Of a release that knew services by what a client prints of all of them.
formerly() {
    grep -q '^service [^ ]* [^ ]* [^ ]*$' "$kept/known" 2> /dev/null || return
    docker service inspect --format '{{.Spec.Name}}|{{json .Spec}}' $(echo "$services" | cut -d'|' -f2) |
        while IFS='|' read -r name spec; do echo "formerly|$name|$(printf '%s\n' "$spec" | sha256sum | cut -c1-64)"; done
}

# Names of the networks that are known by number, and what of a container's environment its image has.
names() {
    case $1 in *'has|service '*'|networks|'*) docker network ls --no-trunc --format 'network|{{.ID}}|{{.Name}}' ;; esac
    for image in $(echo "$1" | sed -n 's/^made|[^|]*|//p' | sort -u); do
        docker image inspect --format '{{range .Config.Env}}image|'"$image"'|{{json .}}
{{end}}' "$image" 2> /dev/null
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

there=$(facts)
{ echo "$there"; names "$there"; recipe; } | awk -F'|' -v declared=" $DECLARED " -v stack="$STACK" '
function text(value) { gsub(/[^A-Za-z0-9_.,:@\/+ >=-]/, "?", value); return "\"" value "\"" }
function more(list, item) { return list (list == "" ? "" : ", ") item }
function is_declared(name) { return index(declared, " " name " ") }
function variable(line) { sub(/^"/, "", line); sub(/[="].*/, "", line); return line }
function config(kind, name, id) {
    if ((kind, name, id) in known) return known[kind, name, id]
    return before ? "changed by hand" : ""
}
# A service is what it was if nothing was done to it since, or nothing to what is declared of it.
function of_service(name, version, fields) {
    if ((name, version) in by_version) return by_version[name, version]
    if ((name, fields) in by_fields) return by_fields[name, fields]
    return config("service", name, formerly[name])
}
function keep(who, field, item) {
    if (!(who in has)) { has[who] = ""; everyone[++people] = who }
    if (!((who, field) in items)) has[who] = has[who] " " field
    items[who, field] = items[who, field] (items[who, field] == "" ? "" : " ") item
}
$1 == "note" { notes = more(notes, text($2)) }
$1 == "known" { before = 1 }
$1 == "known" && NF == 5 { known[$2, $3, $4] = $5 }
$1 == "known" && NF == 6 { by_version[$3, $4] = $6; by_fields[$3, $5] = $6 }
$1 == "formerly" { formerly[$2] = $3 }
$1 == "network" { network[$2] = $3 }
$1 == "image" { of_image[$2, variable($3)] = 1 }
$1 == "made" { sub(/ \//, " ", $2); image[$2] = $3 }
$1 == "container" { name = $8 == "" ? substr($2, 2) : $8 }
$1 == "container" && $9 == "json-file" && $10 == "" && is_declared(name) { endless[($8 == "" ? "container " : "service ") name] = 1 }
$1 == "container" && $8 == "" {
    containers[++count] = name
    row["container " name] = "\"image\": " text($3) ", \"status\": " text($6 ($7 == "" || $7 == "healthy" ? "" : ", " $7))
    settings["container " name] = $4 != "" ? $4 : config($1, name, $5)
}
$1 == "replicas" { sub(/ .*/, "", $3); replicas[$2] = $3 }
$1 == "service" { services[++many] = $2; its_image[$2] = $3; owner[$2] = $4; version[$2] = $5; fields[$2] = $6 }
$1 == "has" { sub(/ \//, " ", $2); line[++lines] = $2 "|" $3 "|" $4 }
END {
    for (i = 1; i <= count; i++) {
        who = "container " containers[i]
        states = more(states, text(who) ": {" row[who] ", \"settings\": " text(settings[who]) "}")
    }
    for (i = 1; i <= many; i++) {
        name = services[i]; who = "service " name
        states = more(states, text(who) ": {\"image\": " text(its_image[name]) ", \"settings\": " \
            text(of_service(name, version[name], fields[name])) ", \"replicas\": " text(replicas[name]) "}")
        if (is_declared(name) && owner[name] != stack)
            fixed = more(fixed, text(who) ": " text("it is no service of stack " stack ", for it has no label com.docker.stack.namespace=" stack \
                "; to make it one, in the guest: docker service update --label-add com.docker.stack.namespace=" stack " " name))
    }
    for (i = 1; i <= lines; i++) {
        split(line[i], part, "|")
        if (!is_declared(substr(part[1], index(part[1], " ") + 1))) continue
        if (part[2] == "environment" && (image[part[1]], variable(part[3])) in of_image) continue
        if (part[2] == "environment") part[3] = variable(part[3])
        if (part[2] == "networks" && part[3] in network) part[3] = network[part[3]]
        if (part[2] == "ports") sub(/^(invalid IP)?:/, "0.0.0.0:", part[3])
        keep(part[1], part[2], part[3])
    }
    for (i = 1; i <= people; i++) {
        size = split(has[everyone[i]], field, " "); said = ""
        for (j = 1; j <= size; j++) said = more(said, text(field[j]) ": " text(items[everyone[i], field[j]]))
        keeps = more(keeps, text(everyone[i]) ": {" said "}")
    }
    for (who in endless) remarks = more(remarks, text("the log of " who " has no end: whatever is done to it next gives it one"))
    print "{\"state\": {" states "}, \"notes\": [" notes "], \"remarks\": [" remarks "], \"fixed\": {" fixed "}, \"keeps\": {" keeps "}}"
}
'
