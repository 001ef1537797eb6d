# From a flattened network-config, version 2: what it says of the NIC with the MAC `mac`, as lines for `nics`.
{ sub(/^network\//, "", $1); split($1, path, "/") }
path[1] != "ethernets" { next }
{ name = path[2]; key = path[3] }
key == "match" && path[4] == "macaddress" && tolower($2) == tolower(mac) { mine = name }
key == "dhcp4" && $2 ~ /^(true|yes|on)$/ { dhcp[name] = 1 }
key == "addresses" { said[name] = said[name] "address " $2 "\n" }
key == "gateway4" { said[name] = said[name] "route default " $2 "\n" }
key == "routes" { route[name, path[4], path[5]] = $2; routes[name] = path[4] + 1 }
END {
    if (mine == "") exit
    if (dhcp[mine]) print "dhcp"
    printf "%s", said[mine]
    for (n = 0; n < routes[mine]; n++) {
        to = route[mine, n, "to"]
        print "route", (to == "0.0.0.0/0" ? "default" : to), route[mine, n, "via"], route[mine, n, "metric"]
    }
    # Known, but told nothing: it is left alone.
    print "end"
}
