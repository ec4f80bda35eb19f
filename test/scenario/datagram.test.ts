import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { existsSync, statSync } from "node:fs";
import { withDaemon } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";
import { alike } from "../support/matrix.ts";
import { shellUnit } from "../support/unit-text.ts";

/** Prints every datagram of both its sockets, and ends after the one in hand. */
const RECEIVE = `use Socket; use IO::Select; $| = 1; my $end; $SIG{TERM} = sub { $end = 1 };
my %of = map { open(my $s, "+<&=", $_); ($s => $s) } 3, 4;
my $all = IO::Select->new(values %of);
socket(my $n, PF_UNIX, SOCK_DGRAM, 0); send($n, "READY=1", 0, sockaddr_un($ENV{NOTIFY_SOCKET}));
until ($end) { for my $s ($all->can_read(0.05)) { my $m; print "$m\\n" if defined recv($s, $m, 100, 0); } }
`;
const SEND = `use Socket; socket(S, PF_UNIX, SOCK_DGRAM, 0); send(S, "path", 0, sockaddr_un($ARGV[0])) or die`;
const isRoot = process.getuid?.() === 0;

const units = {
  "log.toml": shellUnit("exec perl receive.pl", {
    service: { type: '"notify"' },
    "socket.udp": { listen_datagram: '"127.0.0.1:0"' },
    "socket.path": {
      ...{ listen_datagram: '"%r/log.sock"', socket_mode: '"0620"' },
      ...(isRoot && { socket_user: '"nobody"', socket_group: '"4712"' }),
    },
    handover: { soak_sec: '"100ms"' },
  }),
};

for (const { daemon: runtime } of alike) {
  test(`A14: a datagram listener outlives its processes, and none that was sent is lost or read twice: ${runtime}`, async () => {
    const sender = createSocket("udp4");
    try {
      await withDaemon({ runtime, units, files: { "receive.pl": RECEIVE } }, async (daemon) => {
        const { listeners } = await daemon.unit("log");
        const port = Number(listeners[0]?.address.split(":")[1]);
        expect(listeners[1]?.address).toBe(`${daemon.path}/log.sock`);
        const { mode, gid } = statSync(`${daemon.path}/log.sock`);
        expect([mode & 0o777, gid]).toEqual([0o620, isRoot ? 4712 : (process.getgid?.() ?? 0)]);
        const printed = (): readonly string[] => {
          const log = ".supervisor/logs/log.log";
          return existsSync(`${daemon.path}/${log}`) ? daemon.read(log).split("\n").slice(0, -1) : [];
        };
        const handedOver = daemon.cli("reload", "log");
        const sent = Array.from({ length: 100 }, (_, at) => `n${at}`);
        for (const text of sent) {
          await send(sender, text, port);
          await eventually(() => printed().includes(text), 5_000, `${text} is read`);
        }
        expect((await handedOver).code).toBe(0);
        expect((await daemon.cli("stop", "log")).code).toBe(0);
        await send(sender, "while stopped", port);
        spawnSync("perl", ["-e", SEND, `${daemon.path}/log.sock`], { timeout: 5_000 });
        expect((await daemon.cli("start", "log")).code).toBe(0);
        await eventually(() => printed().length === sent.length + 2, 5_000, "what came meanwhile is read", printed);
        expect([...printed()].sort()).toEqual([...sent, "while stopped", "path"].sort());
      });
    } finally {
      sender.close();
    }
  }, 60_000);
}

async function send(sender: Socket, text: string, port: number): Promise<void> {
  const done = Promise.withResolvers<unknown>();
  sender.send(text, port, "127.0.0.1", done.resolve);
  await done.promise;
}
