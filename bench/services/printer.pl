# Prints lines of 100 bytes as fast as it is let, then sleeps. Shape: perl printer.pl WRITES LINES_IN_EACH
my ($writes, $lines) = @ARGV;
my $block = ("x" x 99 . "\n") x $lines;
for (1 .. $writes) { syswrite STDOUT, $block }
sleep 1000000;
