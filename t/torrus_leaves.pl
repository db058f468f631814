# What Torrus has compiled: the second half of torrus_accept.sh, which says
# what is printed.
use strict;
use warnings;
use Torrus::ConfigTree;
use Torrus::DataAccess;
use Torrus::Log;
use Torrus::Renderer;

my ($name, $values, $graphs) = @ARGV;
my @parameters = qw(data-dir data-file ds-type leaf-type rrd-ds rrd-cf
    collector-period collector-timeoffset rrd-create-dstype
    rrd-create-heartbeat rrd-create-min rrd-create-max vertical-label
    graph-legend graph-title graph-lower-limit graph-upper-limit
    graph-logarithmic rrd-scaling-base line-style line-color comment legend
    node-display-name descriptive-nickname precedence hidden);
# These are a node's own; Torrus asks for them without looking above it.
my %own = map { $_ => 1 } qw(comment node-display-name precedence);

binmode(STDOUT, ':utf8');
my $tree = Torrus::ConfigTree->new(-TreeName => $name) or exit 1;
my $complaints = 0;

sub leaves {
	my ($token) = @_;
	return $token if $tree->isLeaf($token);
	return map { leaves($_) } $tree->getChildren($token);
}

my %leaf = map { $tree->path($_) => $_ } leaves($tree->token('/'));

# Values are expanded when they are read, and that is when Torrus complains.
sub parameters {
	my ($token) = @_;
	local $SIG{__WARN__} = sub { $complaints++; warn @_ };
	my @found;
	for my $p (@parameters) {
		my $v = $tree->getNodeParam($token, $p, $own{$p});
		push @found, "$p=$v" if defined $v;
	}
	return @found;
}

for my $path (sort keys %leaf) {
	print join("\t", 'leaf', $path, parameters($leaf{$path})), "\n";
}

if ($values eq 'yes') {
	my $access = Torrus::DataAccess->new();
	for my $path (sort keys %leaf) {
		my ($v, $time) = $access->read($tree, $leaf{$path});
		print join("\t", 'value', $path, $time // '-', $v // 'U'), "\n";
	}
}

if ($graphs eq 'yes') {
	for my $path (sort keys %leaf) {
		my ($file) = Torrus::Renderer->new()->render($tree,
		    $leaf{$path}, 'last24h');
		my $bytes = defined $file ? -s $file // 0 : 0;
		print join("\t", 'graph', $path, $bytes), "\n";
		$complaints++ if $bytes == 0;
	}
}
exit($complaints > 0);
