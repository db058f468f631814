# Helpers for tests of transport http: keys and certificates of a made-up world,
# tokens, and both ends of the associations "alps" and "andes" in $tmp: over those
# of t/stream-lib.sh.

need openssl curl perl
built_with LIBCURL LIBMICROHTTPD ||
    skip_all "built without libcurl or libmicrohttpd"

umask 077
. "$top_srcdir/t/stream-lib.sh"

# --- Keys --------------------------------------------------------------------

# ca NAME: who vouches.  vouched NAME CA DAYS EXTENSION...: for a key.
ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1.key" -out "$1.pem" -days 30 -subj "/CN=$1" 2>/dev/null
}
vouched() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1.key" -out "$1.csr" -subj "/CN=${4:-$1}" 2>/dev/null
	printf '%s\n' "${5-subjectAltName=DNS:localhost,IP:127.0.0.1}" >ext
	openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" \
	    -CAcreateserial -days "$3" -extfile ext -out "$1.pem" 2>/dev/null
}
ca good
vouched hub good 10
for name in alps andes wrong; do
	openssl rand -hex 32 >$name.token
done

# --- Both ends ----------------------------------------------------------------

# $keys: of the association alps, at both ends.
http_alps() {
	echo 'association "alps" { hub = "noc" spoke = "gw" transport = http'
	echo "hub-subtree = \"/Alps\" compression = ${compression-gzip} ${keys-} http { $1 } }"
}
http_web() {
	echo "web { listen = \"${web_address-127.0.0.1}:$port\" $1 }"
}
# PUSH.  hub_conf WEB-KEYS [HTTP-KEYS]; spoke_conf URL [HTTP-KEYS]
hub_conf() {
	{
		side noc
		http_web "$1"
		http_alps "${2-token = alps.token}"
		echo 'association "andes" { hub = "noc" spoke = "aw"'
		echo 'transport = http hub-subtree = "/Andes"'
		echo 'http { token = andes.token } }'
		stores
	} >hub.conf
}
spoke_conf() {
	{
		side gw
		http_alps "url = \"$1\" ${2-token = alps.token ca = good.pem}"
		collects
	} >spoke.conf
}
# PULL.
pull_confs() {
	keys="mode = pull ${keys-}"
	{
		side noc
		http_alps "url = \"$url\" token = alps.token ca = good.pem"
		stores
	} >hub.conf
	{
		side gw
		http_web "$tls"
		http_alps "token = alps.token"
		collects
	} >spoke.conf
}
# listen hub|spoke [echo]: sets $listener.
listen() {
	rm -f answer.out
	start answer "$top_builddir/t/http_answer" "$1.conf" "$@"
	listener=$pid
	wait_for 10 test -s answer.out || diag "$(cat answer.err)"
}
dial() {
	"$top_builddir/t/ssh_dial" spoke.conf alps "${1:-20}"
}
# hub_listens, spoke_listens: the daemon of the end that is called, which can be
# called now.
hub_listens() {
	start_hubd
	wait_for 20 grep -q 'listening address' hubd.err
}
spoke_listens() {
	start daemon spoke -c spoke.conf daemon
	daemon=$pid
	wait_for 20 grep -q 'listening address' daemon.err
}
# refused WHAT STATUS WORDS [SECONDS]
refused() {
	exits "$1" "$2" dial "${4:-20}" </dev/null
	has "$1, in words" err "$3"
}

port=$(free_port)
url=https://localhost:$port/
tls='certificate = hub.pem key = hub.key'
hub_conf "$tls"
spoke_conf "$url"
