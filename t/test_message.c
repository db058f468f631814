/*
 * What the parser says of right and wrong messages: the catalogue of hostile
 * input, row by row, each at once, byte by byte and in chunks of any size.
 * Limits, other forms and the writer have tests of their own.
 */
#include "config.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "t/message_text.h"

#define ROW TEXT_ROW

static const struct text_row shape_rows[] = {
	ROW("data", TEXT_DATA("T0005:12345678\nT0006:987654321\n"), WHOLE),
	ROW("an empty line first", "\n" TEXT_DATA("T1:5\n"), DAMAGED),
	ROW("an empty line between",
	    TEXT_FIRST("DATA") "\n" TEXT_STREAM TEXT_PREV TEXT_GEN TEXT_TAIL
			       "T1:5\n.\n",
	    DAMAGED),
	ROW("no terminator",
	    TEXT_HEAD("DATA") TEXT_GEN
	    "Length:5\nDigest:crc32=00000000\n\nT1:5\n",
	    MORE),
	ROW("half a terminator",
	    TEXT_HEAD("DATA") TEXT_GEN
	    "Length:5\nDigest:crc32=00000000\n\nT1:5\n.",
	    MORE),
	ROW("no empty line", TEXT_HEAD("DATA") TEXT_GEN "Length:5\n", MORE),
	ROW("no empty line, and the body", /* damaged where a batch ends */
	    TEXT_HEAD("DATA") TEXT_GEN "Length:5\nDigest:@\nT1:5\n.\n", MORE),
	ROW("CRLF in the first line", "MsgID:1\r\nType:DATA\r\n", DAMAGED),
	ROW("CRLF in the header",
	    "MsgID:1\nType:DATA\r\nTimestamp:1\n" TEXT_STREAM TEXT_PREV TEXT_GEN
		TEXT_TAIL ".\n",
	    POISON),
	ROW("CRLF in the body", TEXT_DATA("T1:5\r\n"), POISON),
	ROW("lone dot with CR",
	    TEXT_HEAD("DATA") TEXT_GEN "Length:5\nDigest:@\n\nT1:5\n.\r\n",
	    DAMAGED),
	ROW("lone dot with a blank",
	    TEXT_HEAD("DATA") TEXT_GEN "Length:5\nDigest:@\n\nT1:5\n. \n",
	    DAMAGED),
	ROW("lone dot with NUL",
	    TEXT_HEAD("DATA") TEXT_GEN "Length:5\nDigest:@\n\nT1:5\n.\0\n",
	    DAMAGED),
	ROW("dot with CR inside", TEXT_DATA("T1:5\n.\r\n"), POISON),
	ROW("CR, dot, CR inside", TEXT_DATA("T1:5\n\r.\r\n"), POISON),
	ROW("a doubled dot", TEXT_DATA("..T1:5\nT1:6\n"), WHOLE),
	ROW("a token of dots", TEXT_DATA("...:5\n"), WHOLE),
	ROW("a dot not doubled", TEXT_DATA(".T1:5\n"), POISON),
	ROW("a lone dot doubled", TEXT_DATA("..\n"), POISON),
	ROW("a lone dot inside", TEXT_DATA("T1:5\n.\nT2:6\n"), POISON),
	ROW("Length too short",
	    TEXT_HEAD("DATA") TEXT_GEN "Length:5\nDigest:@\n\nT1:5\nT2:6\n.\n",
	    DAMAGED),
	ROW("Length one too short",
	    TEXT_HEAD("DATA") TEXT_GEN "Length:4\nDigest:@\n\nT1:5\n.\n",
	    DAMAGED),
	ROW("Length too long, and more behind",
	    TEXT_HEAD("DATA") TEXT_GEN "Length:6\nDigest:@\n\nT1:5\n.\nMsgID:",
	    DAMAGED),
	ROW("Length that ends in a line, Digest right",
	    TEXT_HEAD("DATA") TEXT_GEN "Length:4\nDigest:@\n\nT1:5.\n", POISON),
	ROW("Digest wrong",
	    TEXT_HEAD("DATA") TEXT_GEN
	    "Length:5\nDigest:crc32=00000000\n\nT1:5\n.\n",
	    DAMAGED),
	ROW("grammar and Digest wrong",
	    TEXT_HEAD("DATA") TEXT_GEN
	    "Length:5\nDigest:crc32=00000000\n\nT1;5\n.\n",
	    DAMAGED),
	ROW("NUL in the header",
	    TEXT_HEAD("DATA") TEXT_GEN "X-A:a\0b\n" TEXT_TAIL ".\n", POISON),
	ROW("NUL in the body", TEXT_DATA("T1:5\n\0:6\n"), POISON),
	ROW("byte order mark", "\xef\xbb\xbf" TEXT_DATA("T1:5\n"), DAMAGED),
	ROW("UTF-16", "M\0s\0g\0I\0D\0:\0001\0\n\0", DAMAGED),
	ROW("data without values", TEXT_DATA(""), WHOLE),
	ROW("an empty configuration", TEXT_CONFIG(""), WHOLE),
	ROW("an empty body line", TEXT_DATA("T1:5\n\n"), POISON),
	ROW("garbage", "garbage\n", DAMAGED),
};

static const struct text_row header_rows[] = {
	ROW("no MsgID",
	    "Type:DATA\nTimestamp:1\n" TEXT_STREAM TEXT_PREV TEXT_GEN TEXT_TAIL
	    ".\n",
	    DAMAGED),
	ROW("no Type",
	    "MsgID:1\nTimestamp:1\n" TEXT_STREAM TEXT_PREV TEXT_GEN TEXT_TAIL
	    ".\n",
	    POISON),
	ROW("no Timestamp",
	    "MsgID:1\nType:DATA\n" TEXT_STREAM TEXT_PREV TEXT_GEN TEXT_TAIL
	    ".\n",
	    POISON),
	ROW("no Stream", TEXT_FIRST("DATA") TEXT_PREV TEXT_GEN TEXT_TAIL ".\n",
	    DAMAGED),
	ROW("no Prev", TEXT_FIRST("DATA") TEXT_STREAM TEXT_GEN TEXT_TAIL ".\n",
	    DAMAGED),
	ROW("no Generation", TEXT_HEAD("DATA") TEXT_TAIL ".\n", POISON),
	ROW("no Length", TEXT_HEAD("DATA") TEXT_GEN "Digest:@\n\n.\n", DAMAGED),
	ROW("no Digest", TEXT_HEAD("DATA") TEXT_GEN "Length:@\n\n.\n", DAMAGED),
	ROW("MsgID twice",
	    "MsgID:1\n" TEXT_HEAD("DATA") TEXT_GEN TEXT_TAIL ".\n", POISON),
	ROW("Type twice",
	    TEXT_FIRST(
		"DATA") "Type:DATA\n" TEXT_STREAM TEXT_PREV TEXT_GEN TEXT_TAIL
			".\n",
	    POISON),
	ROW("Digest twice",
	    TEXT_HEAD("DATA") TEXT_GEN
	    "Length:@\nDigest:@\nDigest:crc32=00000000\n\n.\n",
	    POISON),
	ROW("another order",
	    TEXT_HEAD("DATA") "X-A:1\n" TEXT_GEN TEXT_TAIL ".\n", POISON),
	ROW("a line behind Digest",
	    TEXT_HEAD("DATA") TEXT_GEN "Length:@\nDigest:@\nX-A:1\n\n.\n",
	    POISON),
	ROW("an unknown field",
	    TEXT_HEAD("DATA") TEXT_GEN "Subject:1\n" TEXT_TAIL ".\n", POISON),
	ROW("Association", TEXT_HEAD("DATA") "Association:x\n" TEXT_TAIL ".\n",
	    POISON),
	ROW("an X- field",
	    TEXT_HEAD("DATA") TEXT_GEN "X-A:1\nX-B:2\n" TEXT_TAIL ".\n", WHOLE),
	ROW("an X- field twice",
	    TEXT_HEAD("DATA") TEXT_GEN "X-A:1\nX-B:2\nX-A:3\n" TEXT_TAIL ".\n",
	    POISON),
	ROW("X- and no name",
	    TEXT_HEAD("DATA") TEXT_GEN "X-:1\n" TEXT_TAIL ".\n", POISON),
	ROW("lower case", "msgid:1\n", DAMAGED),
	ROW("upper case", "MSGID:1\n", DAMAGED),
	ROW("lower case later",
	    TEXT_FIRST("DATA") TEXT_STREAM
	    "prev:crc32=89abcdef\n" TEXT_GEN TEXT_TAIL ".\n",
	    DAMAGED),
	ROW("a blank before the colon", "MsgID :1\n", DAMAGED),
	ROW("a blank behind the colon", "MsgID: 1\n", DAMAGED),
	ROW("a blank at the end", "MsgID:1 \n", DAMAGED),
	ROW("a tab", "MsgID:\t1\n", DAMAGED),
	ROW("a blank within",
	    TEXT_HEAD("DATA") TEXT_GEN "Collector:a b\n" TEXT_TAIL ".\n",
	    POISON),
	ROW("a folded line",
	    TEXT_HEAD("DATA") TEXT_GEN "X-A:1\n 2\n" TEXT_TAIL ".\n", POISON),
	ROW("no name", TEXT_HEAD("DATA") TEXT_GEN ":1\n" TEXT_TAIL ".\n",
	    POISON),
	ROW("no value", TEXT_HEAD("DATA") TEXT_GEN "X-A:\n" TEXT_TAIL ".\n",
	    POISON),
	ROW("no colon", TEXT_HEAD("DATA") TEXT_GEN "X-A\n" TEXT_TAIL ".\n",
	    POISON),
	ROW("Type:config", TEXT_HEAD("config") TEXT_GEN TEXT_TAIL ".\n",
	    POISON),
	ROW("Type:EXEC", TEXT_HEAD("EXEC") TEXT_TAIL ".\n", POISON),
	ROW("Type empty", TEXT_HEAD("") TEXT_TAIL ".\n", POISON),
	ROW("31 digits of Stream",
	    TEXT_FIRST(
		"DATA") "Stream:0011223344556677889900112233445\n" TEXT_PREV
		TEXT_GEN TEXT_TAIL ".\n",
	    DAMAGED),
	ROW("upper case Stream",
	    TEXT_FIRST(
		"DATA") "Stream:AABBCCDDEEFF00112233445566778899\n" TEXT_PREV
		TEXT_GEN TEXT_TAIL ".\n",
	    DAMAGED),
	ROW("another digest",
	    TEXT_FIRST("DATA") TEXT_STREAM
	    "Prev:md5=89abcdef\n" TEXT_GEN TEXT_TAIL ".\n",
	    DAMAGED),
	ROW("Generation on STATUS",
	    TEXT_HEAD("STATUS") TEXT_GEN TEXT_TAIL ".\n", POISON),
	ROW("Generation 0", TEXT_HEAD("DATA") "Generation:0\n" TEXT_TAIL ".\n",
	    POISON),
	ROW("Part on DATA",
	    TEXT_HEAD("DATA") TEXT_GEN "Part:1/2\n" TEXT_TAIL ".\n", POISON),
	ROW("Part 2/5",
	    TEXT_HEAD("CONFIG") TEXT_GEN "Part:2/5\n" TEXT_TAIL ".\n", WHOLE),
	ROW("Part 1/1",
	    TEXT_HEAD("CONFIG") TEXT_GEN "Part:1/1\n" TEXT_TAIL ".\n", POISON),
	ROW("Part 0/2",
	    TEXT_HEAD("CONFIG") TEXT_GEN "Part:0/2\n" TEXT_TAIL ".\n", POISON),
	ROW("Part 3/2",
	    TEXT_HEAD("CONFIG") TEXT_GEN "Part:3/2\n" TEXT_TAIL ".\n", POISON),
	ROW("Collector on RESULT",
	    TEXT_HEAD("RESULT") "Collector:a\nCorrelation:7\n" TEXT_TAIL ".\n",
	    WHOLE),
	ROW("Collector on CONFIG",
	    TEXT_HEAD("CONFIG") TEXT_GEN "Collector:a\n" TEXT_TAIL ".\n",
	    POISON),
};

#define MSGID(n)                                                              \
	"MsgID:" n                                                            \
	"\nType:DATA\nTimestamp:1\n" TEXT_STREAM TEXT_PREV TEXT_GEN TEXT_TAIL \
	".\n"
#define TIME(n)                            \
	"MsgID:1\nType:DATA\nTimestamp:" n \
	"\n" TEXT_STREAM TEXT_PREV TEXT_GEN TEXT_TAIL ".\n"
#define VALUE(v) TEXT_DATA("T1:" v "\n")

static const struct text_row number_rows[] = {
	ROW("MsgID 1", MSGID("1"), WHOLE),
	ROW("MsgID 0", MSGID("0"), DAMAGED),
	ROW("MsgID -1", MSGID("-1"), DAMAGED),
	ROW("MsgID +1", MSGID("+1"), DAMAGED),
	ROW("MsgID 01", MSGID("01"), DAMAGED),
	ROW("MsgID 1.0", MSGID("1.0"), DAMAGED),
	ROW("MsgID 1e3", MSGID("1e3"), DAMAGED),
	ROW("MsgID 0x1", MSGID("0x1"), DAMAGED),
	ROW("MsgID empty", MSGID(""), DAMAGED),
	ROW("MsgID in Arabic digits", MSGID("\xd9\xa1"), DAMAGED),
	ROW("MsgID 2^63-1", MSGID("9223372036854775807"), WHOLE),
	ROW("MsgID 2^63", MSGID("9223372036854775808"), DAMAGED),
	ROW("MsgID 2^64", MSGID("18446744073709551616"), DAMAGED),
	ROW("MsgID 10^40", MSGID("10000000000000000000000000000000000000000"),
	    DAMAGED),
	ROW("Timestamp 0", TIME("0"), WHOLE),
	ROW("Timestamp before 2000", TIME("946684799"), WHOLE),
	ROW("Timestamp behind 2038", TIME("2147483648"), WHOLE),
	ROW("Timestamp of 10 digits", TIME("9999999999"), WHOLE),
	ROW("Timestamp of 11 digits", TIME("10000000000"), POISON),
	ROW("Timestamp 10^18", TIME("1000000000000000000"), POISON),
	ROW("Timestamp -1", TIME("-1"), POISON),
	ROW("Timestamp with a leading 0", TIME("01085528690"), POISON),
	ROW("Timestamp in words", TIME("now"), POISON),
	ROW("value unknown", VALUE("U"), WHOLE),
	ROW("value 0", VALUE("0"), WHOLE),
	ROW("value negative", VALUE("-12.50"), WHOLE),
	ROW("value 2^64-1", VALUE("18446744073709551615"), WHOLE),
	ROW("value empty", VALUE(""), POISON),
	ROW("value -", VALUE("-"), POISON),
	ROW("value --1", VALUE("--1"), POISON),
	ROW("value +1", VALUE("+1"), POISON),
	ROW("value -U", VALUE("-U"), POISON),
	ROW("value UU", VALUE("UU"), POISON),
	ROW("value u", VALUE("u"), POISON),
	ROW("value .5", VALUE(".5"), POISON),
	ROW("value 5.", VALUE("5."), POISON),
	ROW("value 5.5.5", VALUE("5.5.5"), POISON),
	ROW("value 1,5", VALUE("1,5"), POISON),
	ROW("value 1 2", VALUE("1 2"), POISON),
	ROW("value with a blank", VALUE(" 1"), POISON),
	ROW("value nan", VALUE("nan"), POISON),
	ROW("value NaN(1)", VALUE("NaN(1)"), POISON),
	ROW("value inf", VALUE("inf"), POISON),
	ROW("value 1e999", VALUE("1e999"), POISON),
	ROW("value 0x1p3", VALUE("0x1p3"), POISON),
	ROW("value a colon", VALUE("1:2"), POISON),
	ROW("value in Arabic digits", VALUE("\xd9\xa1"), POISON),
};

static const struct text_row token_rows[] = {
	ROW("twice", TEXT_DATA("T1:5\nT1:5\n"), POISON),
	ROW("twice, not in a row", TEXT_DATA("T1:5\nT2:6\nT1:7\n"), POISON),
	ROW("twice, not in order", TEXT_DATA("T9:5\nT2:6\nT10:7\nT9:7\n"),
	    POISON),
	ROW("twice, doubled dots", TEXT_DATA("..b:5\nT2:6\n..b:7\n"), POISON),
	ROW("any order", TEXT_DATA("T9:5\nT2:6\nT10:7\nT1:8\nT3:1\n"), WHOLE),
	ROW("one begins another", TEXT_DATA("T11:5\nT1:5\nT111:5\nT:5\n"),
	    WHOLE),
	ROW("longer and shorter ones",
	    TEXT_DATA("T9:50000\nT10:50000\nT100:50000\nT99:50000\nT999999:1\n"
		      "T1000000:1\nT1000001:1\nT1:50000\nT2:50000\n"),
	    WHOLE),
	ROW("twice among those as long",
	    TEXT_DATA("T11:50000\nT12:50000\nT13:50000\nT12:50000\n"), POISON),
	ROW("twice, of seven digits",
	    TEXT_DATA("T1000000:1\nT1000001:1\nT1000000:1\n"), POISON),
	ROW("letters behind numbers",
	    TEXT_DATA("T111:50000\nU111:50000\nT1a1:50000\nT11a:50000\n"),
	    WHOLE),
	ROW("a per cent behind numbers",
	    TEXT_DATA("T111:50000\nT112:50000\nT1%1:50000\n"), POISON),
	ROW("no colon behind numbers",
	    TEXT_DATA("T111:50000\nT112:50000\nT113;50000\n"), POISON),
	ROW("T1 and T01", TEXT_DATA("T1:5\nT01:5\nT001:5\n"), WHOLE),
	ROW("all its letters", TEXT_DATA("aZ0_.-:5\n-:6\n_:7\n"), WHOLE),
	ROW("empty", TEXT_DATA(":5\n"), POISON),
	ROW("a blank", TEXT_DATA("T 1:5\n"), POISON),
	ROW("a semicolon", TEXT_DATA("T;1:5\n"), POISON),
	ROW("a per cent", TEXT_DATA("T%1:5\n"), POISON),
	ROW("a dollar", TEXT_DATA("T$1:5\n"), POISON),
	ROW("a slash", TEXT_DATA("T/1:5\n"), POISON),
	ROW("a backslash", TEXT_DATA("T\\1:5\n"), POISON),
	ROW("NUL", TEXT_DATA("T\0001:5\n"), POISON),
	ROW("not ASCII", TEXT_DATA("T\xc3\xa9:5\n"), POISON),
	ROW("no colon", TEXT_DATA("T1\n"), POISON),
};

#define BLOCK(path) TEXT_CONFIG("level2-token:T1\nlevel2-path:" path "\n")
#define PARAM(line) TEXT_CONFIG("level2-token:T1\nlevel2-path:/a\n" line "\n")
#define TWO(a, b)                                                            \
	TEXT_CONFIG("level2-token:" a "\nlevel2-path:/a\n;\nlevel2-token:" b \
		    "\nlevel2-path:/b\n")

static const struct text_row config_rows[] = {
	ROW("path", BLOCK("/Routers/RTR1/eth0:1/In_Octets.x-y"), WHOLE),
	ROW("path ../../etc", BLOCK("../../etc"), POISON),
	ROW("path /Routers/../..", BLOCK("/Routers/../.."), POISON),
	ROW("path /a/..", BLOCK("/a/.."), POISON),
	ROW("path /", BLOCK("/"), POISON),
	ROW("path //", BLOCK("//"), POISON),
	ROW("path /./", BLOCK("/./"), POISON),
	ROW("path /a//b", BLOCK("/a//b"), POISON),
	ROW("path /a/", BLOCK("/a/"), POISON),
	ROW("path a/b", BLOCK("a/b"), POISON),
	ROW("path empty", BLOCK(""), POISON),
	ROW("path /.hidden", BLOCK("/.hidden"), POISON),
	ROW("path /-rf", BLOCK("/-rf"), POISON),
	ROW("path /a..b", BLOCK("/a..b"), POISON),
	ROW("path with NUL", BLOCK("/a\0b"), POISON),
	ROW("path %2e%2e%2f", BLOCK("/%2e%2e%2f"), POISON),
	ROW("path ..\\", BLOCK("/..\\"), POISON),
	ROW("path ..;/", BLOCK("/..;/a"), POISON),
	ROW("path with a wide dot", BLOCK("/\xef\xbc\x8e\xef\xbc\x8e/a"),
	    POISON),
	ROW("two tokens", TWO("T1", "T2"), WHOLE),
	ROW("two tokens, descending", TWO("T2", "T1"), WHOLE),
	ROW("a token twice", TWO("T1", "T1"), POISON),
	ROW("two tokens on one path: for the hub to say",
	    TEXT_CONFIG("level2-token:T1\nlevel2-path:/a\n;\n"
			"level2-token:T2\nlevel2-path:/a\n"),
	    WHOLE),
	ROW("a leaf that is a subtree, too: for the hub to say",
	    TEXT_CONFIG("level2-token:T1\nlevel2-path:/a\n;\n"
			"level2-token:T2\nlevel2-path:/a/b\n"),
	    WHOLE),
	ROW("not on the allow-list: for the hub to say", PARAM("data-dir:/etc"),
	    WHOLE),
	ROW("substitution: for the hub to say", PARAM("comment:%x% $def $$"),
	    WHOLE),
	ROW("XML's letters", PARAM("comment:<a href=\"'&]]></param>"), WHOLE),
	ROW("colons, backslashes, semicolons", PARAM("legend:a:b\\c;d"), WHOLE),
	ROW("a value may be empty", PARAM("comment:"), WHOLE),
	ROW("UTF-8", PARAM("comment:\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
	    WHOLE),
	ROW("parameter twice", PARAM("comment:a\ncomment:b"), POISON),
	ROW("unknown parameter twice", PARAM("foo:a\nfoo:b"), POISON),
	ROW("token twice in a block", PARAM("level2-token:T2"), POISON),
	ROW("path twice in a block", PARAM("level2-path:/b"), POISON),
	ROW("no colon", PARAM("comment"), POISON),
	ROW("no name", PARAM(":comment"), POISON),
	ROW("name with a blank", PARAM("a b><evil/:x"), POISON),
	ROW("name xml", PARAM("xml:x"), POISON),
	ROW("name xmlns", PARAM("xmlns:x"), POISON),
	ROW("name with a digit first", PARAM("1a:x"), POISON),
	ROW("name in capitals", PARAM("Comment:x"), POISON),
	ROW("a line with a dot first", PARAM("..comment:x"), POISON),
	ROW("no token", TEXT_CONFIG("level2-path:/a\n"), POISON),
	ROW("no path", TEXT_CONFIG("level2-token:T1\n"), POISON),
	ROW("no path, then a block",
	    TEXT_CONFIG("level2-token:T1\n;\nlevel2-token:T2\n"), POISON),
	ROW("path first", TEXT_CONFIG("level2-path:/a\nlevel2-token:T1\n"),
	    POISON),
	ROW("parameter before the path",
	    TEXT_CONFIG("level2-token:T1\ncomment:a\nlevel2-path:/a\n"),
	    POISON),
	ROW("; first", TEXT_CONFIG(";\nlevel2-token:T1\nlevel2-path:/a\n"),
	    POISON),
	ROW("; last", TEXT_CONFIG("level2-token:T1\nlevel2-path:/a\n;\n"),
	    POISON),
	ROW("; twice",
	    TEXT_CONFIG("level2-token:T1\nlevel2-path:/a\n;\n;\n"
			"level2-token:T2\nlevel2-path:/b\n"),
	    POISON),
	ROW("; alone", TEXT_CONFIG(";\n"), POISON),
	ROW("; with a blank", PARAM("; "), POISON),
};

static const struct text_row text_rows[] = {
	ROW("control", PARAM("comment:a\x01"), POISON),
	ROW("escape", PARAM("comment:\x1b[2J"), POISON),
	ROW("tab", PARAM("comment:a\tb"), POISON),
	ROW("DEL", PARAM("comment:\x7f"), POISON),
	ROW("C1", PARAM("comment:\xc2\x9b"), POISON),
	ROW("a lone continuation", PARAM("comment:\x80"), POISON),
	ROW("cut short", PARAM("comment:\xe2\x82"), POISON),
	ROW("overlong", PARAM("comment:\xc0\xaf"), POISON),
	ROW("overlong in three", PARAM("comment:\xe0\x80\xaf"), POISON),
	ROW("surrogate", PARAM("comment:\xed\xa0\x80"), POISON),
	ROW("U+FFFE", PARAM("comment:\xef\xbf\xbe"), POISON),
	ROW("beyond U+10FFFF", PARAM("comment:\xf4\x90\x80\x80"), POISON),
	ROW("0xff", PARAM("comment:\xff"), POISON),
	ROW("bidi override", PARAM("comment:\xe2\x80\xae"), POISON),
	ROW("zero width", PARAM("comment:\xe2\x80\x8b"), POISON),
	ROW("byte order mark", PARAM("comment:\xef\xbb\xbf"), POISON),
	ROW("line separator", PARAM("comment:\xe2\x80\xa8"), POISON),
	ROW("in STATUS", TEXT_STATUS("load:\xe2\x80\xa8\n"), POISON),
	ROW("in a header",
	    TEXT_HEAD("DATA") TEXT_GEN "X-A:\xe2\x80\xae\n" TEXT_TAIL ".\n",
	    POISON),
	ROW("UTF-8 in a header",
	    TEXT_HEAD("DATA") TEXT_GEN "X-A:\xc3\xa9\n" TEXT_TAIL ".\n", WHOLE),
};

static const struct text_row field_rows[] = {
	ROW("status",
	    TEXT_STATUS("load:0.5\ncapability:snmp\ncapability:site.alps\n"
			"Queue_depth:\nwitness.x:a:b\n"),
	    WHOLE),
	ROW("status of nothing", TEXT_STATUS(""), WHOLE),
	ROW("result", TEXT_HEAD("RESULT") TEXT_TAIL "exit:0\n.\n", WHOLE),
	ROW("task", TEXT_HEAD("TASK") TEXT_TAIL "job:a\n.\n", WHOLE),
	ROW("resync", TEXT_HEAD("RESYNC") TEXT_TAIL "generation:0\n.\n", WHOLE),
	ROW("no colon", TEXT_STATUS("load\n"), POISON),
	ROW("no name", TEXT_STATUS(":1\n"), POISON),
	ROW("a digit first", TEXT_STATUS("1load:1\n"), POISON),
	ROW("a blank in the name", TEXT_STATUS("lo ad:1\n"), POISON),
	ROW("a dot first", TEXT_STATUS("..load:1\n"), POISON),
};

/* The row's bytes, and what could follow them, in chunks of all kinds. */
static void
check_row(const struct text_row *row, text_chunk *next, bool followed)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_FULL, 0);
	struct buf bytes = { 0 }, again = { 0 };
	struct message m = { 0 };
	struct err e = { 0 };
	enum message_verdict v;
	uint32_t seed = 1;
	size_t n;

	text_message(&bytes, row->text);
	n = bytes.n;
	if (followed)
		buf_put_str(&bytes, "MsgID:");
	v = text_parse(p, buf_slice(&bytes), next, &seed, &m, &e);
	if (v != row->want)
		fail_msg("%s: %s, not %s: %s", row->name, text_verdict(v),
		    text_verdict(row->want), e.msg);
	if (v == MESSAGE_WHOLE || v == MESSAGE_POISON)
		assert_int_equal(m.raw.n, n);
	if (v == MESSAGE_WHOLE) {
		assert_int_equal(message_write(&again, &m, &e), 0);
		assert_int_equal(again.n, n);
		assert_memory_equal(again.p, bytes.p, n);
	} else if (v != MESSAGE_MORE) {
		assert_int_equal(e.kind, ERR_INPUT);
		assert_int_equal(strncmp(e.msg, "line ", 5), 0);
	}
	buf_clear(&bytes);
	buf_clear(&again);
	message_parser_free(p);
}

static void
check_rows(const struct text_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_row(&rows[i], text_at_once, false);
		check_row(&rows[i], text_by_byte, false);
		check_row(&rows[i], text_by_chance, false);
		if (rows[i].want != MESSAGE_MORE)
			check_row(&rows[i], text_at_once, true);
	}
}

#define TEST_ROWS(table)                                               \
	static void table##_get_their_verdicts(void **state)           \
	{                                                              \
		(void)state;                                           \
		check_rows(table, sizeof(table) / sizeof((table)[0])); \
	}
TEST_ROWS(shape_rows)
TEST_ROWS(header_rows)
TEST_ROWS(number_rows)
TEST_ROWS(token_rows)
TEST_ROWS(config_rows)
TEST_ROWS(text_rows)
TEST_ROWS(field_rows)

struct body_row {
	const char *body, *why; /* NULL: it is right */
};

static const struct body_row body_rows[] = {
	{ "", NULL },
	{ "a:1\n", NULL },
	{ "a:1\nb:\na:2:3\n", NULL },
	{ "a:1\nb\n", "line 2: a line without a colon" },
	{ "a:1\n\nb:2\n", "line 2: a line without a colon" },
	{ ":1\n", "line 1: not a name" },
	{ "a:1\n.\nb:2\n", "line 2: a lone dot" },
	{ "a:1\nb:2", "line 2: the last line has no end" },
	{ "b:2", "line 1: the last line has no end" },
};

static void
body_alone_is_judged_by_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(body_rows) / sizeof(body_rows[0]); i++) {
		const struct body_row *r = &body_rows[i];
		struct err e = { 0 };
		int rc =
		    message_check_body(MESSAGE_TASK, slice_str(r->body), &e);

		assert_int_equal(rc, r->why == NULL ? 0 : -1);
		assert_string_equal(e.msg, r->why == NULL ? "" : r->why);
		assert_int_equal(e.kind, r->why == NULL ? ERR_NONE : ERR_INPUT);
	}
}

/* The same as the parser says of a whole message, behind its header. */
static void
parser_names_the_line_of_a_field(void **state)
{
	struct message_parser *p = message_parser_new(MESSAGE_FORM_INPUT, 0);
	struct message m = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(message_parse(p,
			     SLICE("Type:STATUS\nTimestamp:1\n\na:1\nb\n.\n"),
			     &m, &e),
	    MESSAGE_DAMAGED);
	assert_string_equal(e.msg, "line 5: a line without a colon");
	message_parser_free(p);
}

/* A decimal comma must change nothing, where there is a locale that has it. */
static void
numbers_are_the_same_in_any_locale(void **state)
{
	(void)state;
	if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL &&
	    setlocale(LC_ALL, "de_DE") == NULL)
		print_message("# there is no German locale here\n");
	check_rows(number_rows, sizeof(number_rows) / sizeof(number_rows[0]));
	setlocale(LC_ALL, "C");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shape_rows_get_their_verdicts),
		cmocka_unit_test(header_rows_get_their_verdicts),
		cmocka_unit_test(number_rows_get_their_verdicts),
		cmocka_unit_test(numbers_are_the_same_in_any_locale),
		cmocka_unit_test(token_rows_get_their_verdicts),
		cmocka_unit_test(config_rows_get_their_verdicts),
		cmocka_unit_test(text_rows_get_their_verdicts),
		cmocka_unit_test(field_rows_get_their_verdicts),
		cmocka_unit_test(body_alone_is_judged_by_line),
		cmocka_unit_test(parser_names_the_line_of_a_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
