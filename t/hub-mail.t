#!/bin/sh
# Who mails of what hubctl pull finds: hubd where one runs, else pull itself;
# once, either way.
. "$top_srcdir/t/lib.sh"
. "$top_srcdir/t/carried-lib.sh"

built_with LIBSODIUM || skip_all "no signatures: built without libsodium"
echo "cat >>$tmp/mail" >sendmail

# at_hub SPOKE-KEYS HUB-KEYS
at_hub() {
	configure "$1" "$2"
	cat >>hub.conf <<-EOT
		operator { mail = {"noc@example.net"} gather = 0
		sendmail = {"/bin/sh", "$tmp/sendmail"} }
	EOT
}
mails() {
	grep -c '^Subject:' mail
}
# mails_are N: exactly, once those that are due are out.
mails_are() {
	test "$(mails)" -eq "$1"
}
: >mail

# --- A link that is down -------------------------------------------------------

link="transport = exec mode = pull exec { command = {\"/bin/sh\",
    \"$tmp/link.sh\"} }"
both="$link"
at_hub "" ""
echo 'echo no carrier >&2; exit 1' >link.sh
exits "a pull that fails, without hubd" 75 hub pull
is "is mailed" "$(mails)" 1
has "with its reason" mail '^began: alps: .*no carrier'
for n in 2 3 4; do
	exits "again" 75 hub pull
done
is "once" "$(mails)" 1

# A state that is told stays so, whoever comes to look.
start_hubd
exits "a pull that fails, with hubd" 75 hub pull
stop "$hubd"
is "is the same outage" "$(mails)" 1
echo "exec $(command -v spoke) -c $tmp/spoke.conf serve alps" >link.sh
collect 1 2
ok "the link is back" hub pull
is "which is mailed" "$(mails)" 2
has "once" mail '^over: alps: .*no carrier'
ok "a pull that goes well" hub pull
is "is no news" "$(mails)" 2

# --- Where hubd mails ------------------------------------------------------------

echo 'echo no carrier >&2; exit 1' >link.sh
start_hubd
exits "with hubd, an outage" 75 hub pull
ok "is mailed" wait_for 40 mails_are 3
stop "$hubd"
is "once, when hubd has ended, too" "$(mails)" 3
exits "and found once more by pull alone" 75 hub pull
is "no more" "$(mails)" 3

# --- What was carried -------------------------------------------------------------

rm -rf gw noc
mkdir -m 700 gw noc
sign_keys
hubctl -c hub.conf keygen --sign strange.sign
: >mail
both="transport = dir mode = push"
dir="dir { path = \"$tmp/stick\" }"
at_hub "sign-key = \"$tmp/strange.sign\" verify-key = \"$tmp/noc.sign.pub\" $dir" \
    "sign-key = \"$tmp/noc.sign\" verify-key = \"$tmp/gw.sign.pub\" $dir"
mkdir -m 700 stick
collect 1 2
ok "a stick of a stranger" sp push
exits "is refused" 65 hub pull alps
is "and that is mailed" "$(mails)" 1
has "with what to look at" mail '^began: alps: carried files are refused'
hub pull alps
hub pull alps
is "once" "$(mails)" 1
done_testing
