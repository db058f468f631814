#!/bin/sh
# check-config: the files that a configuration names are opened as they will be,
# so that what passes does not fail at the start.
. "$top_srcdir/t/lib.sh"

need ssh-keygen openssl
ssh-keygen -q -t ed25519 -N '' -C '' -f ssh.key
echo "noc.example.net $(cat ssh.key.pub)" >known_hosts
echo sesame >password
head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n' >token
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj /CN=noc.example.net -keyout tls.key -out tls.pem -days 2 2>/dev/null
chmod 600 password token tls.key

# conf ROLE KEYS [WEB]: in its eighth line begins the association.
conf() {
	{
		echo "node \"$1\" {"
		echo "state = \"$tmp/state\""
		echo "spool = \"$tmp/spool\""
		echo "run = \"$tmp/run\" }"
		echo
		echo "${3-}"
		echo
		echo 'association "alps" { hub = "noc" spoke = "gw"'
		echo "hub-subtree = \"/Sites/Alps\" $2 }"
	} >at.conf
	chmod 600 at.conf
}
# looks_at FILE MODE: passes as it is; not without that file, nor where it has that
# mode.
looks_at() {
	file=$1 mode=$2
	ok "$file: as it should be" spoke -c at.conf check-config
	is "$file: is silent" "$(cat out err)" ""
	mv "$file" away
	exits "$file: missing" 66 spoke -c at.conf check-config
	has "$file: with its line" err "at.conf:8: .*$file"
	test -e state -o -e spool -o -e run && fail "$file: nothing is made" ||
	    pass "$file: nothing is made"
	cp away "$file"
	chmod "$mode" "$file"
	exits "$file: mode $mode" 78 spoke -c at.conf check-config
	has "$file: with its line" err "at.conf:8: .*$file: has mode 0$mode"
	rm "$file"
	mv away "$file"
}
# reads FILE: another text is noticed.
reads() {
	cp -p "$1" away
	echo "this is nothing" >"$1"
	exits "$1: of another text" 78 spoke -c at.conf check-config
	has "$1: with its line" err "at.conf:8: .*$1"
	mv away "$1"
}

# refuses WHAT ERE [BLOCK]: check-config, and who begins, in the same words.
refuses() {
	exits "$1: check-config" 78 hubctl -c at.conf check-config
	has "$1: with its line" err "at.conf:${3-1: node}: .*$2"
	exits "$1: hubd" 78 hubd -c at.conf
	has "$1: hubd, with its line" err "at.conf:${3-1: node}: .*$2"
}
conf noc 'transport = exec' \
    "store \"rrd\" { type = rrd directory = \"$tmp/rrd\" }"
mkdir -m 700 real
ln -s real spool
refuses "a spool that is a symbolic link" 'spool: is a symbolic link'
rm -rf real spool state run
mkdir spool
chmod 777 spool
refuses "a spool that others may write" 'spool: others may write it'
rmdir spool
mkdir -p open/spool
chmod 777 open
sed -i 's|/spool"|/open/spool"|' at.conf
refuses "a spool in a directory that others may write" \
    'open: others may write it'
rm -rf open state run

conf noc 'transport = exec' \
    "store \"rrd\" { type = rrd directory = \"$tmp/rrd\" }"
mkdir -m 700 real
ln -s real rrd
refuses "a store that is a symbolic link" 'rrd: is a symbolic link' \
    '6: store "rrd"'
rm -rf real rrd
mkdir rrd
chmod 757 rrd
refuses "a store that others may write" 'rrd: others may write it' \
    '6: store "rrd"'
chmod 755 rrd
ok "one that others may read" hubctl -c at.conf check-config
rm -rf rrd state spool run

# The default, which is not everywhere, is looked for where somebody is mailed.
# mailed_by SENDMAIL
mailed_by() {
	conf noc 'transport = exec' \
	    "operator { mail = {\"noc@example.net\"} sendmail = {$1} }"
}
mailed_by '"/nowhere/sendmail", "-t"'
exits "no such mailer" 66 hubctl -c at.conf check-config
has "is told, with its line" err \
    'at.conf:6: operator: sendmail: /nowhere/sendmail: there is no such program'
mailed_by '"no-such-mailer"'
exits "none in PATH" 66 hubctl -c at.conf check-config
mailed_by '"bin/mailer"'
mkdir bin
echo '#!/bin/sh' >bin/mailer
exits "one that cannot be run" 78 spoke -c at.conf check-config
has "is told, with its line" err \
    "at.conf:6: operator: sendmail: $tmp/bin/mailer: is no program"
chmod +x bin/mailer
ok "one that lies beside the configuration" sh -c \
    'cd / && exec spoke -c "$1/at.conf" check-config' - "$tmp"
mailed_by '"cat"'
ok "one that is found in PATH" hubctl -c at.conf check-config
conf noc 'transport = exec' 'operator { sendmail = {"/nowhere/sendmail"} }'
ok "none is needed where nobody is mailed" hubctl -c at.conf check-config

conf gw 'ssh { host = "noc.example.net" identity = "ssh.key" known-hosts = "known_hosts" }'
looks_at ssh.key 644
looks_at known_hosts 666
reads ssh.key
reads known_hosts
# knows_nothing WHAT TEXT: known_hosts with it has no key of the far end.
knows_nothing() {
	cp -p known_hosts away
	printf "%s" "$2" >known_hosts
	exits "known_hosts, $1" 78 spoke -c at.conf check-config
	has "known_hosts, $1: what is missing" err \
	    'at.conf:8: .*known_hosts: no ed25519 .* key of noc.example.net: .*ssh-keyscan'
	mv away known_hosts
}
knows_nothing "empty" ""
knows_nothing "of other hosts" "$(sed s/noc/other/ known_hosts)"
knows_nothing "of another port" "$(sed 's/^[^ ]*/[noc.example.net]:2222/' known_hosts)"
knows_nothing "revoked" "@revoked $(cat known_hosts)"
ok "hubctl looks, too" hubctl -c at.conf check-config
conf noc 'ssh { host = "noc.example.net" identity = "nowhere" known-hosts = "nowhere" }'
ok "who is called opens none" hubctl -c at.conf check-config

conf gw 'transport = rsync rsync { put = "rsync://noc.example.net/in"
get = "rsync://noc.example.net/out" password-file = "password" }'
looks_at password 640
cp -p password away
: >password
exits "password: empty" 78 spoke -c at.conf check-config
has "password: with its line" err 'at.conf:8: .*password: is empty'
mv away password
if spoke -c at.conf keygen --sign gw.sign &&
    spoke -c at.conf keygen --sign noc.sign; then
	rm -r state spool run
	conf gw 'transport = dir dir { path = "/nowhere" }
	    sign-key = "gw.sign" verify-key = "noc.sign.pub"'
	looks_at gw.sign 644
	looks_at noc.sign.pub 666
	reads gw.sign
	reads noc.sign.pub
else
	skip "keys for signatures" "this build has no libsodium"
fi
conf gw 'transport = http http { url = "https://noc.example.net" token = "token"
ca = "tls.pem" certificate = "tls.pem" key = "tls.key" }'
looks_at token 644
looks_at tls.key 644
looks_at tls.pem 666
conf noc 'transport = http http { token = "token" }' \
    'web { listen = "127.0.0.1:1" certificate = "tls.pem" key = "tls.key" }'
ok "a listener" hubctl -c at.conf check-config
chmod 644 tls.key
exits "with a key that others may read" 78 hubctl -c at.conf check-config
has "is told" err 'at.conf: web: .*tls.key: has mode 0644'
chmod 600 tls.key
mv token away
exits "with a token that is not there" 66 hubctl -c at.conf check-config
has "is told" err 'at.conf: association alps: .*token'
mv away token

if test "$(id -u)" -eq 0; then
	mkdir -m 700 state
	chown 4242 state
	chmod 755 "$tmp"
	conf gw 'ssh { host = "noc.example.net" identity = "ssh.key" }'
	exits "root looks as the account" 77 spoke -c at.conf check-config
	has "which cannot read it" err 'at.conf:8: .*ssh.key: Permission denied'
else
	skip "root looks as the account" "not root"
fi
done_testing
