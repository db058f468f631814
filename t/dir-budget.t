#!/bin/sh
# The month's budget of transport dir: what is put into the directory, and taken from
# it, counts; 80 % and 100 % are told, nothing goes then but once each interval, and the
# oldest are dropped where that is the policy.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"
. "$top_srcdir/t/budget-lib.sh"

both="transport = dir compression = none"
allow() {
	configure "$1 sign-key = \"$tmp/gw.sign\" verify-key = \"$tmp/noc.sign.pub\"
	    dir { path = \"$tmp/share\" }" \
	    "$1 sign-key = \"$tmp/noc.sign\" verify-key = \"$tmp/gw.sign.pub\"
	    dir { path = \"$tmp/share\" }"
}
fresh() {
	rm -rf gw noc share
	mkdir -m 700 gw noc share
	allow 'budget = 64K'
}

mkdir -m 700 share
allow ''
sign_keys || skip_all "this build has no libsodium"

# --- The spoke pushes ----------------------------------------------------------

keeps=push
# beside: what the hub does, by itself or not; its own count holds up nothing.
beside() {
	hub pull
}
settles() {
	go --always 2>>told
	beside
	go --always 2>>told
	none_waits
}
come() {
	beside
	has_come
}
allow 'budget = 64K'
spends push 40
slows push
drops push

# --- The hub pulls -------------------------------------------------------------

both="$both mode = pull"
fresh
keeps=pull
beside() {
	sp collect
}
sp collect
spends pull 40
slows pull
counts_as_much pull
drops pull
done_testing
