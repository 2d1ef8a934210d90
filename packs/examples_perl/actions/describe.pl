use strict;
use warnings;
use JSON::PP;
use List::Util qw(sum0);

sub run {
    my (%given) = @_;
    my $token = get_secret('example_token');
    return {
        greeting     => "Hello, $given{name}!",
        sum          => sum0(@{ $given{numbers} }),
        numbers      => $given{numbers},
        is_first     => get_context()->{attempt} == 1 ? JSON::PP::true : JSON::PP::false,
        token_length => defined $token ? length $token : undef,
    };
}
