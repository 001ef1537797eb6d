# Flattens the YAML that seeds are written in (block style, or JSON and other flow style) to lines `path TAB value`.
# A path is its keys, and the numbers of list items from 0, joined by "/". Block scalars and anchors are not read.
function clean(text) {
    sub(/^[ \t]+/, "", text); sub(/[ \t\r\n]+$/, "", text)
    if (text ~ /^".*"$/ || text ~ /^'.*'$/) text = substr(text, 2, length(text) - 2)
    return text
}
function emit(path, text) { print path "\t" clean(text) }
function opens(text) { return text != "" && index("[{", substr(text, 1, 1)) > 0 }
function under(path, key) { return path == "" ? key : path "/" key }

function blank() { while (substr(flow, at, 1) ~ /[ \t\r\n]/ && at <= length(flow)) at++ }
function word(stops,    quote, start, c) {
    blank(); start = at; c = substr(flow, at, 1)
    if (c == "\"" || c == "'") {
        quote = c; at++
        while (at <= length(flow) && substr(flow, at, 1) != quote) at++
        at++
        return substr(flow, start + 1, at - start - 2)
    }
    while (at <= length(flow) && index(stops, substr(flow, at, 1)) == 0) at++
    return clean(substr(flow, start, at - start))
}
function value(path,    c, n, key, next_one) {
    blank(); c = substr(flow, at, 1)
    if (c != "{" && c != "[") { print path "\t" word(",]}"); return }
    at++
    for (n = 0; at <= length(flow); n++) {
        blank()
        next_one = substr(flow, at, 1)
        if (next_one == "]" || next_one == "}") { at++; return }
        if (next_one == ",") { at++; n--; continue }
        key = n
        if (c == "{") { key = word(":,}"); blank(); at++ }
        value(under(path, key))
    }
}
function scalar(path, text) {
    if (opens(text)) { flow = text; at = 1; value(path) }
    else if (text != "" && text !~ /^[|>]/) emit(path, text)
}

function pair(indent, text,    cut, key) {
    if (!match(text, /:([ \t]|$)/)) return
    cut = RSTART; key = clean(substr(text, 1, cut - 1))
    while (depth > 0 && (column[depth] > indent || (column[depth] == indent && kind[depth] == "list"))) depth--
    if (depth == 0 || column[depth] < indent) {
        base[depth + 1] = depth == 0 ? "" : last[depth]
        depth++; column[depth] = indent; kind[depth] = "map"
    }
    last[depth] = under(base[depth], key)
    scalar(last[depth], clean_end(substr(text, cut + 1)))
}
function clean_end(text) { sub(/[ \t]+#.*$/, "", text); sub(/^[ \t]+/, "", text); return text }
function item(indent, text,    rest, inner) {
    while (depth > 0 && column[depth] > indent) depth--
    if (depth == 0 || kind[depth] == "map") {
        base[depth + 1] = depth == 0 ? "" : last[depth]
        depth++; column[depth] = indent; kind[depth] = "list"; count[depth] = 0
    }
    last[depth] = under(base[depth], count[depth]++)
    rest = substr(text, 2); match(rest, /^[ \t]*/); inner = indent + 1 + RLENGTH
    line(inner, clean_end(rest))
}
function line(indent, text) {
    if (text == "") return
    if (text ~ /^-([ \t]|$)/) item(indent, text)
    else if (!opens(text) && text !~ /^["']/ && match(text, /:([ \t]|$)/) || text ~ /^("[^"]*"|'[^']*'):([ \t]|$)/) pair(indent, text)
    else if (depth > 0) scalar(last[depth], text)
}

whole != "" { whole = whole "\n" $0; next }
/^[ \t]*(#|---|$)/ { next }
depth == 0 && opens(clean_end($0)) { whole = $0; next }
{ sub(/[ \t\r]+$/, ""); match($0, /^ */); line(RLENGTH, substr($0, RLENGTH + 1)) }
END { if (whole != "") { flow = whole; at = 1; value("") } }
