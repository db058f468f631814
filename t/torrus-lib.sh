# Helpers for tests with a real Torrus (Debian: torrus-common), behind lib.sh:
# its programs with a Redis, a repository and a configuration of the test's own.

torrus=/usr/share/torrus

torrus_is_here() {
	test -r $torrus/bin/compilexml && command -v redis-server >/dev/null &&
	    command -v perl >/dev/null
}

torrus_redis_settled() {
	ended "$pid" || grep -q 'Ready to accept connections' redis.out
}

# torrus_begin: the site's configuration is read from standard input.  Torrus's
# defaults end by reading the one in /etc: this one stands in for it.
torrus_begin() {
	# Another may take a free port first: then the next is tried.
	for torrus_try in 1 2 3 4 5; do
		torrus_port=$(free_port)
		start redis redis-server --bind 127.0.0.1 \
		    --port "$torrus_port" --save '' --appendonly no --dir "$tmp"
		wait_for 10 torrus_redis_settled
		running "$pid" && break
	done
	running "$pid" || {
		echo "redis-server does not start (try $torrus_try)" >&2
		return 1
	}
	mkdir repository work
	cat >Site.pm <<EOT
package Site;
BEGIN { \$INC{'/etc/torrus/conf/torrus-siteconfig.pl'} = __FILE__; }
require '$torrus/conf_defaults/torrus-config.pl';
\$Torrus::Global::redisServer = '127.0.0.1:$torrus_port';
\$Torrus::Global::gitRepoDir = '$tmp/repository';
\$Torrus::Global::logDir = \$Torrus::Global::pidDir = '$tmp/work';
@Torrus::Global::xmlAlwaysIncludeFirst = ('defaults.xml');
do './site.pl' or die;
1;
EOT
	cat >site.pl
}

# with_torrus PROGRAM ARG...: one of its programs, or a script of ours.
with_torrus() {
	TMPDIR=$tmp/work perl -I"$tmp" -MSite "$@"
}
