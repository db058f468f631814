# Helpers for tests of carried files: over those of stream-lib.sh, a spoke "gw" and a
# hub "noc" with one association, alps.
. "$top_srcdir/t/stream-lib.sh"

# configure SPOKE-KEYS HUB-KEYS: what stands in the association's block at each
# end, beside what both have ($both).
configure() {
	{
		side gw
		association alps "${both-} $1"
		collects
	} >spoke.conf
	{
		side noc
		association alps "${both-} $2"
		stores
	} >hub.conf
	chmod 600 spoke.conf hub.conf
}
# sign_keys: a pair for each end, gw.sign and noc.sign.
sign_keys() {
	spoke -c spoke.conf keygen --sign gw.sign &&
	    hubctl -c hub.conf keygen --sign noc.sign
}

# collect V W: one cycle with two leaves of these values.
collect() {
	printf 'echo v:%s; echo w:%s\n' "$1" "$2" >values.sh
	sp collect --now
}
# received N: the hub has that message, ingested or not.
received() {
	hub messages alps "$1-$1" 2>/dev/null | grep -q "^MsgID:$1\$"
}
# acked N: the spoke knows that the hub has N.
acked() {
	test "$(spoke_has acked_msgid)" = "$1"
}
# files DIRECTORY [PATTERN]: how many carried segments are there.
files() {
	find "$1" -maxdepth 1 -name "${2-*.msgs*}" ! -name '*.sig' 2>/dev/null |
	    wc -l
}
