# The rig's application for PSGI servers. What it has to do is said in ../../README.md.
use strict;
use warnings;

sub {
    my $env = shift;
    my ($status, $body) = (200, 'hello');
    my ($wait) = ($env->{QUERY_STRING} // '') =~ /ms=(\d+)/;
    my $path = $env->{PATH_INFO};
    if ($path eq '/refuse') { ($status, $body) = (403, 'refused') }
    elsif ($path eq '/large') { $body = 'large ' x 5000 }
    elsif ($path eq '/order') {
        my ($length, $piece) = (0, '');
        while ($env->{'psgi.input'}->read($piece, 65536)) { $length += length $piece }
        open my $journal, '>>', $ENV{RIG_JOURNAL} or die $!;
        syswrite $journal, "$env->{HTTP_X_ID}\n";
        close $journal;
        $body = "order $length";
    }
    select undef, undef, undef, $wait / 1000 if $wait;
    return [$status, ['Content-Type' => 'text/plain', 'Content-Length' => length $body], [$body]];
};
