# SPDX-License-Identifier: GPL-2.0-only
# types.list and the C dump of a kernel's BTF -> the few declarations that are asked for, in the order of the list.

FNR == NR {
	if (/^#/ || !NF)
		next
	n = index($0, ":")
	what[++wants] = substr($0, 1, n - 1)
	names[wants] = substr($0, n + 1)
	next
}

# A top-level declaration: remembered whole under its tag, its typedef name or each of its enumerators.
!open && /^(typedef |struct |union |enum )/ {
	block = ""
	tag = $1 " " $2
	open = 1
}
open {
	block = block $0 "\n"
	if (/^[^\t].*;$/ || /^}.*;$/) {
		open = 0
		remember()
	}
}

function remember(	last, i, lines, name) {
	last = $0
	if (tag ~ /^typedef/) {
		sub(/;$/, "", last)
		sub(/.*[ }]/, "", last)
		decl["typedef " last] = block
		return
	}
	if (!(tag in decl) && block ~ /{/)
		decl[tag] = block
	if (tag != "enum {")
		return
	i = split(block, lines, "\n")
	while (i--) {
		name = lines[i + 1]
		gsub(/^\t| =.*/, "", name)
		by_enumerator[name] = block
	}
}

function members(block, wanted, as_enum,	n, i, w, cnt, j, lines, pattern, out) {
	n = split(block, lines, "\n")
	cnt = split(wanted, w, " ")
	for (i = 2; i < n; i++)
		for (j = 1; j <= cnt; j++) {
			pattern = as_enum ? "^\t" w[j] " =" : "(^|[\t *])" w[j] "(\\[[^]]*\\])*(: ?[0-9]+)?;"
			if (lines[i] !~ pattern || seen[w[j]]++)
				continue
			sub(/^\t+/, "", lines[i])
			out = out "\t" lines[i] "\n"
		}
	delete seen
	return out
}

END {
	for (k = 1; k <= wants; k++) {
		n = split(names[k], w, " ")
		if (what[k] == "typedef") {
			for (j = 1; j <= n; j++)
				printf "%s", decl["typedef " w[j]]
		} else if (what[k] == "forward") {
			for (j = 1; j <= n; j++)
				printf "struct %s;\n", w[j]
		} else if (what[k] == "enum") {
			printf "enum {\n%s};\n", members(by_enumerator[w[1]], names[k], 1)
		} else if (names[k] ~ /\*/) {
			printf "%s", decl[what[k]]
		} else {
			printf "%s {\n%s};\n", what[k], members(decl[what[k]], names[k], what[k] ~ /^enum/)
		}
		print ""
	}
}
