#!/bin/sh
# The examples of the pages: a reader who copies them finds that they work.
. "$top_srcdir/t/lib.sh"

need openssl
doc=$top_srcdir/doc

# literals PAGE: its displays as a reader sees them, numbered from 1, each line
# behind the number of its display.
literals() {
	awk '/^\.Bd -literal/ { n++; on = 1; next }
	    /^\.Ed/ { on = 0 }
	    on { sub(/^\\&/, ""); print n "\t" $0 }' "$1"
}

# blocks FILE: the same of Markdown, where a display is indented and ends with
# text that is not.
blocks() {
	awk '/^    / { if (!on) n++; on = 1; print n "\t" substr($0, 5); next }
	    /^$/ { if (on) print n "\t"; next }
	    { on = 0 }' "$1"
}

# having ERE FILE: each display of FILE that has a line like it, into 1.example,
# 2.example, ...; sets $found, how many.
having() {
	rm -f ./*.example
	awk -F '\t' -v want="$1" '
	    { text[$1] = text[$1] substr($0, length($1) + 2) "\n" }
	    substr($0, length($1) + 2) ~ want { has[$1] = 1 }
	    END {
		for (i = 1; i in text; i++)
			if (i in has)
				printf "%s", text[i] > (++n ".example")
	    }' "$2"
	found=$(find . -name '*.example' | wc -l)
}

# The configuration alone; commands may follow it in the same display.
configuration() {
	awk '/^[a-z]+ .*\{/ { depth = 1 }
	    depth { print; open = gsub(/\{/, "") - gsub(/\}/, "") + open
		if (open == 0) depth = 0 }' "$1"
}

# files_of CONFIGURATION: what it names for this node, made as the pages say; a
# mailer is not on every machine.
files_of() {
	sed -i 's|mail = {[^}]*}|& sendmail = {"cat"}|' "$1"
	named 'identity' "$1" | while read -r file; do
		test -e "$file" || spoke -c "$1" keygen "$file" >/dev/null
	done
	{ echo known_hosts; named 'known-hosts' "$1"; } | while read -r file; do
		spoke -c "$1" keygen "$file.key" >/dev/null
		echo "$(named host "$1" | sort -u | paste -sd ,)" \
		    "$(cat "$file.key.pub")" >"$file"
	done
	for file in $(named 'sign-key' "$1") $(named 'verify-key' "$1"); do
		test -e "$file" || spoke -c "$1" keygen --sign "${file%.pub}"
	done
	named 'certificate|ca' "$1" | while read -r file; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		    -nodes -subj /CN=noc.example.net -days 2 \
		    -keyout "${file%.pem}.key" -out "$file" 2>/dev/null
		chmod 600 "${file%.pem}.key"
	done
	named 'token|password-file' "$1" | while read -r file; do
		printf '%064d' 1 >"$file"
		chmod 600 "$file"
	done
}
named() {
	grep -Eo "($1) = \"[^\"]*\"" "$2" | sed 's/.*"\(.*\)"/\1/'
}

# accepted NAME N: the configurations of the displays found pass.
accepted() {
	is "$1 has its configurations" "$found" "$2"
	for i in $(seq "$found"); do
		configuration "$i.example" >axletree.conf
		chmod 600 axletree.conf
		files_of axletree.conf
		ok "$1, configuration $i: spoke takes it" \
		    spoke -c "$PWD/axletree.conf" check-config
		ok "$1, configuration $i: hubctl takes it" \
		    hubctl -c "$PWD/axletree.conf" check-config
	done
}

literals "$doc/axletree.conf.5" >literals
having '^node "' literals
accepted "axletree.conf(5)" 2
blocks "$top_srcdir/README.md" >blocks
having '^node "' blocks
accepted "README.md" 2

# A node for the commands, which call it without -c.
cat >axletree.conf <<EOF
node "gw" { state = "$tmp/state" spool = "$tmp/spool" run = "$tmp/run" }
association "alps" {
    hub = "noc" spoke = "gw" hub-tree = "main" hub-subtree = "/Sites/Alps"
    ssh { host = "localhost" identity = "alps.key" known-hosts = "known_hosts" }
}
EOF
chmod 600 axletree.conf
mkdir bin
cat >bin/spoke <<EOF
#!/bin/sh
exec $(command -v spoke) -c "$PWD/axletree.conf" "\$@"
EOF
chmod +x bin/spoke

# spooled: messages that the spool has.
spooled() {
	spoke -c "$PWD/axletree.conf" messages alps | grep -c '^MsgID:'
}

# works NAME MESSAGES: the display found is run, and spools so many.
works() {
	is "$1 has its example of spoke write" "$found" 1
	before=$(spooled)
	ok "$1: it is accepted" env PATH="$PWD/bin:$PATH" sh -e 1.example
	is "$1: and spooled" $(($(spooled) - before)) "$2"
}

blocks "$doc/operations.md" >blocks
having '^association "' blocks
for i in $(seq "$found"); do
	name=$(sed -n 's/^association "\([a-z]*\)".*/\1/p' "$i.example")
	{
		echo "node \"$(sed -n 's/.*hub = "\([^"]*\)".*/\1/p' \
		    "$i.example")\" { state = \"$tmp/s\" spool = \"$tmp/q\""
		echo "run = \"$tmp/r\" }"
		cat "$i.example"
	} >pulls.conf
	chmod 600 pulls.conf
	files_of pulls.conf
	ok "operations.md: association $name is accepted" \
	    hubctl -c "$PWD/pulls.conf" check-config
done
is "operations.md has its associations" "$found" 3

# fits NAME N: the displays found, each within an association of its own, pass.
fits() {
	is "$1: has its pieces" "$found" "$2"
	for i in $(seq "$found"); do
		{
			echo "node \"gw\" { state = \"$tmp/s\" spool = \"$tmp/q\""
			echo "run = \"$tmp/r\" }"
			echo 'association "alps" { hub = "noc" spoke = "gw"'
			echo 'hub-subtree = "/Sites/Alps"'
			grep -q '^transport' "$i.example" ||
			    echo "transport = $(sed 's/ .*//;q' "$i.example")"
			cat "$i.example"
			echo '}'
		} >piece.conf
		chmod 600 piece.conf
		files_of piece.conf
		ok "$1, piece $i: is accepted" \
		    spoke -c "$PWD/piece.conf" check-config
	done
}
having '^exec \\{' blocks
fits "operations.md, any command" 2
having '^rsync \\{' blocks
fits "operations.md, rsync" 2
having '^transport = dir' blocks
fits "operations.md, a stick" 1

# As printed, but for whose the key is.
having '^openssl req' blocks
is "operations.md has its certificates" "$found" 2
mkdir ca
sed '/^chown /d' 1.example 2.example >ca/commands
ok "operations.md: certificates can be made" \
    sh -c 'cd ca && sh -e ./commands' 2>/dev/null
ok "operations.md: the hub's is for its name" openssl verify -CAfile ca/ca.pem \
    -verify_hostname noc.example.net ca/hub.pem
ok "operations.md: the spoke's is for the association" openssl verify \
    -CAfile ca/ca.pem -verify_hostname alps ca/alps.pem

having '^Host noc-put' blocks
is "operations.md has its ssh_config" "$found" 1
if command -v ssh >/dev/null; then
	for which in put get; do
		ssh -G -F 1.example "noc-$which" >"$which.ssh" 2>&1
		is "operations.md: ssh $which has one key of its own" \
		    "$(grep '^identityfile' "$which.ssh")" \
		    "identityfile /etc/axletree/alps-$which.key"
	done
else
	skip "operations.md: ssh takes its ssh_config" "ssh is missing"
fi
# Commands with their options, by --help and by a page; what they take is in
# capitals there.
by_help() {
	"$1" --help | awk '/^  [a-z]/ {
		line = $1
		while (match($0, /(^|[[ ])--?[a-z][a-z-]*/)) {
			word = substr($0, RSTART, RLENGTH)
			sub(/^[[ ]/, "", word)
			line = line " " word
			$0 = substr($0, RSTART + RLENGTH)
		}
		print line }'
}
by_page() {
	awk '/^\.Sh / { on = /COMMANDS/ }
	    on && /^\.Ss / {
		line = $2
		for (i = 3; i < NF; i++)
			if ($i == "Fl") {
				word = $(i + 1)
				sub(/^\\/, "", word)
				line = line " -" word
			}
		print line }' "$doc/$1.1"
}
for program in spoke hubctl; do
	by_page "$program" >by_page
	is "$program(1) has the options of --help" "$(cat by_page)" \
	    "$(by_help "$program")"
	ok "$program(1): and some" grep -q -- --deadline by_page
done

having 'spoke write --source boiler' blocks
works "operations.md" 2
literals "$doc/spoke.1" >literals
having '^spoke write' literals
works "spoke(1)" 2

done_testing
