#!/bin/sh
# Makes the containers and services of this machine what `list` beside this file says.  As root; run it again at will.
# What is as it should be is not touched.  Ends with 0 once all of it runs and is healthy.
# SECRETS: a folder with a file for each secret of the list; nothing of them is printed or left behind.
here=${TROP_HERE:-/etc/trop/services}
kept=${TROP_KEPT:-/var/lib/trop-services}
export HOME="${HOME:-/root}" # docker looks for its settings there; an agent has none
umask 077
mkdir -p "$kept" || exit 1
said=$kept/said
lock=${TROP_LOCK:-/run/trop-services.lock}
mine=$lock.$$ held=
trap 'rm -f "$said" "$mine" $held' EXIT
trap 'exit 143' TERM INT

fail() { echo "$*" >&2; exit 1; }
last() { tail -n 3 "$said" 2> /dev/null | tr '\n' ' '; }
lines() { sed -n "s/^$1 //p" "$here/list"; }
now() { cut -d. -f1 /proc/uptime; }

wait=$(lines wait)
end=$(($(now) + wait))
late() { [ "$(now)" -ge "$end" ]; }

# One at a time; what a run that was killed has left of its lock is not one.
echo $$ > "$mine"
until ln "$mine" "$lock" 2> /dev/null; do
    kill -0 "$(cat "$lock")" 2> /dev/null || { rm -f "$lock"; continue; }
    late && fail "another run of this has not ended in $wait s; nothing was done"
    sleep 1
done
held=$lock

# --- The engine, and the images: before anything is stopped.

# What cloud-init writes when it has ended is looked for first: to ask it takes seconds of Python.
if [ -z "$TROP_AT_BOOT" ] && [ ! -e /run/cloud-init/result.json ] && command -v cloud-init > /dev/null; then
    timeout "$wait" cloud-init status --wait > /dev/null 2>&1
fi
command -v docker > /dev/null || fail "docker is not installed; nothing was done"
until docker info > /dev/null 2> "$said"; do
    late && fail "docker does not answer: $(last); nothing was done"
    sleep 1
done
images=$(awk '$1 == "container" || $1 == "service" { print $3 }' "$here/list" | sort -u)
docker image inspect $images > /dev/null 2>&1 || for image in $images; do
    docker image inspect "$image" > /dev/null 2>&1 && continue
    docker pull "$image" > /dev/null 2> "$said" ||
        fail "image $image is not there and can't be pulled: $(last); nothing was stopped"
done

end=$(($(now) + wait)) # the time for what is brought up begins when all is there for it

# --- Single containers.

about() { docker inspect --type container --format "$1" "$2" 2> /dev/null; }
exists() { about '{{.ID}}' "$1" > /dev/null; }
status() { about '{{.State.Status}}|{{if .State.Health}}{{.State.Health.Status}}{{end}}' "$1"; }
found() { grep -qxF "container $1 $(about '{{.ID}}' "$1") $2" "$kept/known" 2> /dev/null; }

# Whether a container is the declared one.  One that was there before the first run, and has the image, is taken as it is.
fits() {
    seen=$(about '{{.Config.Image}}|{{index .Config.Labels "trop.config"}}' "$1")
    [ "$seen" = "$2|$3" ] && return
    [ "$seen" = "$2|" ] && { [ ! -e "$kept/known" ] || found "$1" "$3"; }
}

# Runs, and is healthy or says nothing of it, three times in a row.
comes_up() {
    case $(status "$1") in paused*) docker unpause "$1" > /dev/null ;; esac
    docker start "$1" > /dev/null 2> "$said" || return
    good=0
    while [ $good -lt 3 ]; do
        case $(status "$1") in
            'running|' | 'running|healthy') good=$((good + 1)) ;;
            'running|starting' | 'created|'*) good=0 ;;
            *) docker logs --tail 3 "$1" > "$said" 2>&1; return 1 ;;
        esac
        late && { echo "not healthy in $wait s" > "$said"; return 1; }
        sleep "${TROP_PAUSE:-1}"
    done
}

put_back() {
    docker rm -f "$1" > /dev/null 2>&1
    docker rename "$1.former" "$1" && { [ -z "$2" ] || docker start "$1" > /dev/null; }
}

container() {
    if exists "$1.former"; then # a run was cut off in between
        case $(fits "$@" && status "$1") in
            'running|' | 'running|healthy') docker rm -f "$1.former" > /dev/null ;;
            *) put_back "$1" yes ;;
        esac
    fi
    if fits "$@"; then
        case $(status "$1") in 'running|' | 'running|healthy') return ;; esac
        comes_up "$1" || fail "container $1 does not start: $(last)"
    elif ! exists "$1"; then
        "$here/containers/$1" > /dev/null 2> "$said" || fail "container $1 can't be made: $(last)"
        comes_up "$1" || { why=$(last); docker rm -f "$1" > /dev/null; fail "container $1 does not come up: $why"; }
    else
        case $(status "$1") in running*) ran=yes ;; *) ran= ;; esac
        docker rename "$1" "$1.former" || fail "container $1 can't be renamed"
        "$here/containers/$1" > /dev/null 2> "$said" ||
            { why=$(last); put_back "$1" "$ran"; fail "container $1 can't be made: $why; the former one runs on"; }
        docker stop "$1.former" > /dev/null
        comes_up "$1" ||
            { why=$(last); put_back "$1" "$ran"; fail "container $1 does not come up: $why; the former one was put back"; }
        docker rm -f "$1.former" > /dev/null
    fi
}

# --- The stack: Docker's own services, of a swarm of this machine alone.

# What Docker has of the declared services, asked at once: on a busy machine each question takes a second or two.
# As long as that took it is left in peace before it is asked again: what it brings up needs the processor.
look() {
    asked=$(now)
    {
        docker service ls --format 'replicas|{{.Name}}|{{.Replicas}}'
        docker service inspect --format 'image|{{.Spec.Name}}|{{.Spec.TaskTemplate.ContainerSpec.Image}}
deployed|{{.Spec.Name}}|{{index .Spec.Labels "com.docker.stack.image"}}
secrets|{{.Spec.Name}}|{{range .Spec.TaskTemplate.ContainerSpec.Secrets}}{{.SecretName}} {{end}}
update|{{.Spec.Name}}|{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}
started|{{.Spec.Name}}|{{if .UpdateStatus}}{{.UpdateStatus.StartedAt}}{{end}}
task|{{.Spec.Name}}|{{json .Spec.TaskTemplate}}
stack|{{.Spec.Name}}|{{index .Spec.Labels "com.docker.stack.namespace"}}
version|{{.Spec.Name}}|{{.ID}}:{{.Version.Index}}
formerly|{{.Spec.Name}}|{{json .Spec}}
fields|{{.Spec.Name}}|'@FIELDS@ $(lines service | cut -d' ' -f1)
    } > "$kept/seen" 2> /dev/null
    pause=$(($(now) - asked))
    [ "$pause" -gt 0 ] || pause=1
}

seen() { sed -n "s/^$1|$2|//p" "$kept/seen"; }
task() { seen task "$1" | sha256sum | cut -c1-64; }
fields() { seen fields "$1" | sha256sum | cut -c1-64; }
formerly() { seen formerly "$1" | sha256sum | cut -c1-64; }

# It is as this left it: nothing was done to it since, or nothing to what is declared of it; or a release that knew it
# by all that a client prints of it has left it so.
known() { # name, config
    grep -q "^service $1 $(seen version "$1") [^ ]* $2\$" "$kept/known" 2> /dev/null ||
        grep -q "^service $1 [^ ]* $(fields "$1") $2\$" "$kept/known" 2> /dev/null ||
        grep -qxF "service $1 $(formerly "$1") $2" "$kept/known" 2> /dev/null
}
its_image() { seen image "$1" | cut -d@ -f1; }
replicas() { seen replicas "$1" | cut -d' ' -f1; }
tasks() { docker service ps --no-trunc --format '{{.Image}} {{.CurrentState}} {{.Error}}' "$1" 2>&1 | head -n 2 | tr '\n' ' '; }

service_fits() { # name image config replicas
    [ "$(its_image "$1")" = "$2" ] || return
    case $(replicas "$1") in */"$4") ;; *) return 1 ;; esac
    [ ! -e "$kept/known" ] || known "$1" "$3"
}

# A secret is never changed: another one is another name, made with a key that does not leave this machine.
digest() {
    [ -s "$kept/key" ] || { head -c 32 /dev/urandom > "$kept/key.new" && mv "$kept/key.new" "$kept/key"; }
    inner=$(cat "$kept/key" "$1" | sha256sum | cut -c1-64)
    { cat "$kept/key"; printf %s "$inner"; } | sha256sum | cut -c1-16
}

secrets() {
    : > "$kept/secrets.new"
    docker secret ls --format '{{.Name}}' > "$kept/secrets.old"
    for secret in $(lines secret); do
        [ -f "$SECRETS/$secret" ] || fail "secret $secret is not given; nothing was stopped"
        full=$secret.$(digest "$SECRETS/$secret")
        grep -qxF "$full" "$kept/secrets.old" ||
            docker secret create "$full" - < "$SECRETS/$secret" > /dev/null 2> "$said" ||
            fail "secret $secret can't be made; nothing was stopped"
        echo "$secret $full" >> "$kept/secrets.new"
        export "SECRET_$(echo "$secret" | tr a-z- A-Z_)=$full"
    done
}

# Whether a service has the secrets as they are now.
has_secrets() {
    has=$(seen secrets "$1")
    for secret in $(awk -v name="$1" '$1 == "uses" && $2 == name { print $3 }' "$here/list"); do
        case " $has " in *" $(sed -n "s/^$secret //p" "$kept/secrets.new") "*) ;; *) return 1 ;; esac
    done
}

# What Docker says of a service's last update is still of the one before for a while: it is told by when it began.
started() { seen started "$1" | tr ' ' _; }
begun() { [ "$(started "$1")" != "$2" ]; }

# All its replicas run and are healthy, of this image; and an update of it has ended well.
settled() { # name, replicas, image; its task and the start of its update before
    [ "$(replicas "$1")" = "$2/$2" ] && [ "$(its_image "$1")" = "$3" ] || return
    case $4 in same | new | "$(task "$1")") return ;; esac
    begun "$1" "$5" && [ "$(seen update "$1")" = completed ]
}

all_settled() {
    while read -r service count image was before; do
        settled "$service" "$count" "$image" "$was" "$before" && continue
        [ "$was" = same ] || ! begun "$service" "$before" || case $(seen update "$service") in
            rollback_started) ;;
            rollback* | paused) fail "service $service does not come up: $(tasks "$service"); it went back to the former one" ;;
        esac
        late && fail "service $service is not healthy in $wait s: $(tasks "$service")"
        return 1
    done < "$kept/each"
}

stack() {
    name=$1 address=$2
    docker node ls > /dev/null 2>&1 ||
        docker swarm init --advertise-addr "$address" > /dev/null 2> "$said" || fail "no swarm can be made: $(last)"
    secrets
    look
    set --
    : > "$kept/each"
    lines service > "$kept/services"
    while read -r service image config count; do
        if service_fits "$service" "$image" "$config" "$count" && has_secrets "$service"; then
            echo "$service $count $image same" >> "$kept/each"
            continue
        fi
        if [ -n "$(its_image "$service")" ] && [ "$(seen stack "$service")" != "$name" ]; then
            fail "service $service is no service of stack $name, for it has no label com.docker.stack.namespace=$name; to make it one:" \
                "docker service update --label-add com.docker.stack.namespace=$name $service; nothing was stopped"
        fi
        # A deployment leaves another image alone where the declared one is what it deployed last: it goes by this label.
        if [ "$(its_image "$service")" != "$image" ] && [ "$(seen deployed "$service")" = "$image" ]; then
            docker service update -d --label-rm com.docker.stack.image "$service" > /dev/null 2> "$said" ||
                fail "service $service can't be changed: $(last)"
            look
        fi
        was=new; [ -z "$(its_image "$service")" ] || was=$(task "$service")
        echo "$service $count $image $was $(started "$service")" >> "$kept/each"
        set -- "$@" --compose-file "$here/stack/${service#"$name"_}.yaml"
    done < "$kept/services"
    if [ $# -gt 0 ]; then
        docker stack deploy --resolve-image never "$@" "$name" > "$said" 2>&1 || fail "stack $name is refused: $(last)"
    fi
    look
    until all_settled; do
        sleep "${TROP_PAUSE:-$pause}"
        look
    done
    for old in $(grep -E '\.[0-9a-f]{16}$' "$kept/secrets.old"); do
        base=${old%.*}
        grep -q "^$base " "$kept/secrets.new" && ! grep -qxF "$base $old" "$kept/secrets.new" && docker secret rm "$old" > /dev/null 2>&1
    done
    rm -f "$kept/each" "$kept/services" "$kept/secrets.new" "$kept/secrets.old"
}

# Stacks first: what stands in front of them on the same machine finds them up.
lines stack > "$kept/stack"
while read -r name address; do stack "$name" "$address" < /dev/null; done < "$kept/stack"
lines container > "$kept/containers"
while read -r name image config; do container "$name" "$image" "$config" < /dev/null; done < "$kept/containers"
rm -f "$kept/stack" "$kept/containers"

# --- What was declared the last time and is not any more; then what is there now is what is known.

if [ -e "$kept/list" ]; then
    sed -n 's/^\(container\|service\) \([^ ]*\) .*/\1 \2/p' "$kept/list" > "$kept/before"
    while read -r kind name; do
        grep -q "^$kind $name " "$here/list" && continue
        case $kind in
            container) exists "$name" && docker rm -f "$name" > /dev/null ;;
            service) docker service inspect "$name" > /dev/null 2>&1 && docker service rm "$name" > /dev/null ;;
        esac
    done < "$kept/before"
    rm -f "$kept/before"
fi
cp "$here/list" "$kept/list"
lines container | while read -r name image config; do echo "container $name $(about '{{.ID}}' "$name") $config"; done > "$kept/known.new"
[ -z "$(lines service)" ] || look
lines service | while read -r name image config rest; do echo "service $name $(seen version "$name") $(fields "$name") $config"; done >> "$kept/known.new"
mv "$kept/known.new" "$kept/known"
rm -f "$kept/seen"
