# Starts a Perl action: `sub run { my (%parameters) = @_; … }` (or FUNCTION) returns the result; a file without it is a
# plain script. Usage: perl.pl ENTRY_POINT [FUNCTION]. Perl 5.14+, its core modules only.
package Attune::Action;
use strict;
use warnings;
use Carp ();
use Fcntl qw(O_RDWR O_DIRECTORY);
use JSON::PP ();

my ($path, $function) = @ARGV;
my ($parsed, $trace);
my $json = JSON::PP->new->utf8->allow_nonref->canonical;
my $data = take_input();

sub take_input { # all of it; descriptor 0 offers it again, from memory because it may hold secrets
    my $all = do { local $/; <STDIN> } // '';
    my $O_TMPFILE = 020000000 | O_DIRECTORY;
    sysopen(my $memory, '/dev/shm', O_RDWR | $O_TMPFILE, 0600) or die "no memory for the input: $!\n";
    syswrite($memory, $all) // die "no memory for the input: $!\n";
    sysseek($memory, 0, 0);
    open(STDIN, '<&', $memory) or die "the input cannot be offered again: $!\n";
    return $all;
}

sub input { # late: a script may ask for YAML
    $parsed //= eval { $json->decode($data || '{}') }
        // die "run, get_secret and get_context need the input as JSON (parameter_format: json)\n";
    return $parsed;
}

sub main::get_secret { return input()->{secrets}{ $_[0] } }
sub main::get_context { return input()->{context} // {} }

sub start {
    @ARGV = ();
    $0 = $path;
    STDOUT->autoflush(1);
    do { package main; do $path };
    die $@ if $@;
    my $action = main->can($function || 'run');
    die "there is no sub $function in $path\n" if $function && !$action;
    give_result(scalar $action->(%{ input()->{parameters} // {} })) if $action;
}

sub give_result {
    my $text = eval { $json->encode($_[0]) } // die "the returned value is not JSON: $@";
    say_on($ENV{ATTUNE_RESULT_FD} // 1, $text);
}

sub say_on {
    my ($descriptor, $text) = @_;
    open(my $file, '>>&=', $descriptor) or die "descriptor $descriptor: $!\n";
    print {$file} $text;
    close($file);
}

sub report {
    my ($error) = @_;
    (my $message = "$error") =~ s/( at \S+ line \d+\.)?\n*\z//;
    my $traceback = join '', grep { !/\Q${\__FILE__}\E/ } split /^/, $trace // "$error"; # the author's own frames only
    print STDERR $traceback;
    my %facts = (type => Scalar::Util::blessed($error) // 'die', message => $message, traceback => $traceback);
    say_on($ENV{ATTUNE_ERROR_FD}, $json->encode(\%facts)) if $ENV{ATTUNE_ERROR_FD};
}

$SIG{__DIE__} = sub { $trace = Carp::longmess("$_[0]" =~ s/ at \S+ line \d+\.\n\z//r) };
eval { start(); 1 } or do { report($@); exit 1 };
