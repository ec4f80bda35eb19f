import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import type { Listener, ProcessEvent } from "../../../supervisor/daemon/ports.ts";
import { createListeners } from "../../../supervisor/host/listener.ts";
import { createNotifySockets } from "../../../supervisor/host/notify.ts";
import type { Privileges } from "../../../supervisor/unit/privileges.ts";
import type { Case } from "../../support/case.ts";
import { eventually } from "../../support/eventually.ts";
import { openDescriptors, type Rig, withRig } from "./rig.ts";

const PATH = "/usr/bin:/bin";
const plain: Privileges = {
  ...{ user: "", group: "", supplementaryGroups: [], noNewPrivileges: false },
  ...{ umask: null, nice: null, oomScoreAdjust: null, limits: {} },
};
/** Numbers that need no entry anywhere. */
const somebody: Partial<Privileges> = { user: "4711", group: "4712", supplementaryGroups: ["4714", "4713", "4714"] };
const everything: Partial<Privileges> = {
  ...somebody,
  ...{ umask: 0o037, nice: 7, oomScoreAdjust: 500, limits: { nofile: 77 }, noNewPrivileges: true },
};
const ABSENT = "No such file or directory (ENOENT)";

export const privilegeCases: readonly Case[] = [
  {
    promise: "a child gets its umask, its nice value, its place before the out-of-memory killer and no new privileges",
    run: () =>
      withRig(async (rig) => {
        const own = { umask: 0o027, nice: 5, oomScoreAdjust: 300, noNewPrivileges: true };
        const { status, nice, oom } = await seen(rig, own);
        assert.equal(`${status.Umask} ${nice} ${oom} ${status.NoNewPrivs}`, "0027 5 300 1");
        assert.equal(status.Uid, statusOf(readFileSync("/proc/self/status", "utf8")).Uid);
        const untouched = await seen(rig, { umask: 0 });
        assert.equal(`${untouched.status.Umask} ${untouched.status.NoNewPrivs}`, "0000 0");
      }),
  },
  { promise: "every limit there is reaches the child, soft and hard", run: () => withRig(everyLimit) },
  {
    promise: "a limit that the kernel refuses is told with its name, and neither process nor descriptor is left",
    run: () => withRig(refusedLimits),
  },
  {
    promise: "a user and a group that do not exist are told, and no tool is needed for that",
    run: () =>
      withRig(async (rig) => {
        assert.deepEqual(refused(rig, { user: "no-such-user" }), ["user", "ESRCH", 'no user "no-such-user"']);
        assert.deepEqual(refused(rig, { group: "no-such" }), ["user", "ESRCH", 'no group "no-such"']);
        assert.deepEqual(refused(rig, { supplementaryGroups: ["nil"] }), ["user", "ESRCH", 'no group "nil"']);
        const lone = "user 4711 is not in /etc/passwd, so it needs a group";
        assert.deepEqual(refused(rig, { user: "4711" }), ["user", "ESRCH", lone]);
        for (const unchanged of ["4294967295", "99999999999"]) {
          const message = `no user "${unchanged}"`;
          assert.deepEqual(refused(rig, { user: unchanged, group: "4712" }), ["user", "ESRCH", message]);
        }
      }),
  },
  {
    promise: "who is not root may name itself, and is refused as anybody else",
    run: () => withRig(withoutRoot),
  },
  asRoot("a child runs as its user and group, with their groups alone, for good", async (rig) => {
    const { status } = await seen(rig, somebody);
    assert.deepEqual(
      [status.Uid, status.Gid, status.Groups],
      ["4711 4711 4711 4711", "4712 4712 4712 4712", "4712 4713 4714"],
    );
    assert.deepEqual([status.CapEff, status.CapPrm], ["0000000000000000", "0000000000000000"]);
    const named = await seen(rig, { user: "nobody" });
    const [, , uid, gid] = /^nobody:[^:]*:.*$/m.exec(readFileSync("/etc/passwd", "utf8"))?.[0].split(":") ?? [];
    assert.deepEqual([named.status.Uid, named.status.Groups], [Array(4).fill(uid).join(" "), gid]);
    const group = await seen(rig, { group: "4712" });
    assert.deepEqual([group.status.Uid, group.status.Gid, group.status.Groups], ["0 0 0 0", "4712 4712 4712 4712", ""]);
  }),
  asRoot("all of it at once goes with listeners, LISTEN_PID, the environment and default signals", allAtOnce),
  asRoot("another user's child can say READY, open /dev/stdout, and is heard when it exits at once", otherUsersVoice),
  asRoot(
    "another user's helper that was gone before we came to listen is heard, and its socket leaves nothing",
    goneVoice,
  ),
  asRoot("who cannot become its user is told so, and not as an exit of the program", async (rig) => {
    // The kernel lets the user be changed, and then has no process left for the program, since that user has one already.
    const first = rig.spawn(["sh", "-c", "echo up; exec sleep 100"], {
      cwd: "/",
      privileges: { ...plain, ...somebody },
    });
    await first.untilPrinted("up");
    const child = rig.spawn(["true"], { cwd: "/", privileges: { ...plain, ...somebody, limits: { nproc: 0 } } });
    const { stage, message } = await child.until("spawn-failed");
    assert.equal(stage, "user");
    assert.match(message, /^setpriv exited with code \d+: see the output$/);
  }),
  asRoot("a directory and a program are judged as the user that is to use them", judgedAsUser),
];

/** A case that the machine must let us be root for. Elsewhere it is passed over, and says so. */
function asRoot(promise: string, use: (rig: Rig) => Promise<void>): Case {
  const run = async (): Promise<void> => {
    if (process.getuid?.() !== 0) {
      console.error(`not run, since only root may start processes as others: ${promise}`);
      return;
    }
    // A runtime opens some of its own when it is first needed.
    await withRig(async (rig) => void (await rig.spawn(["true"]).until("exited")));
    const before = openDescriptors();
    await withRig(use);
    assert.equal(openDescriptors(), before, "descriptors");
  };
  return { promise, run };
}

type Status = Readonly<Record<string, string>>;

async function seen(rig: Rig, change: Partial<Privileges>, listeners: readonly Listener[] = []) {
  const files = ["status", "limits", "oom_score_adj", "stat"].map((name) => `/proc/self/${name}`);
  const child = rig.spawn(["cat", ...files], { cwd: "/", listeners, privileges: { ...plain, ...change } });
  await child.until("exited");
  const [, oom] = /^(-?\d+)$/m.exec(child.stdout) ?? [];
  const [, , group, session, , , , , , , , , , , , , nice] =
    child.stdout.split("\n").at(-2)?.split(") ")[1]?.split(" ") ?? [];
  const leads = group === String(child.pid) && session === group;
  return { status: statusOf(child.stdout), text: child.stdout, oom, nice, leads };
}

function statusOf(text: string): Status {
  const lines = [...text.matchAll(/^(\w+):[\t ]*(.*?)[\t ]*$/gm)];
  return Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value.replaceAll("\t", " ")]));
}

function refused(rig: Rig, change: Partial<Privileges>, ask: Partial<{ argv: string; cwd: string }> = {}): unknown {
  const privileges = { ...plain, ...change };
  const child = rig.spawn([ask.argv ?? "true"], { cwd: ask.cwd ?? "/", privileges });
  const { stage, code, message } = child.seen("spawn-failed") ?? {};
  return [stage, code, message];
}

/** As `/proc/PID/limits` calls them. */
const TITLES = {
  ...{ as: "address space", core: "core file size", cpu: "cpu time", data: "data size", fsize: "file size" },
  ...{ locks: "file locks", memlock: "locked memory", msgqueue: "msgqueue size", nice: "nice priority" },
  ...{ nofile: "open files", nproc: "processes", rss: "resident set", rtprio: "realtime priority" },
  ...{ rttime: "realtime timeout", sigpending: "pending signals", stack: "stack size" },
};

async function everyLimit(rig: Rig): Promise<void> {
  const limits = Object.fromEntries(
    Object.keys(TITLES).map((name, index) => [name, ["nice", "rtprio", "core"].includes(name) ? 0 : 2 ** 33 + index]),
  );
  const fitting = { ...limits, nofile: 55, nproc: 5000, memlock: 4096, msgqueue: 4097, sigpending: 99, stack: 2 ** 20 };
  const { text } = await seen(rig, { limits: { ...fitting, rss: Number.POSITIVE_INFINITY } });
  const found = Object.entries(TITLES).map(([name, title]) => [
    name,
    new RegExp(`^Max ${title} +(\\S+) +(\\S+)`, "m").exec(text),
  ]);
  assert.deepEqual(
    found.map(([name, match]) => [name, match?.[1], match?.[2]]),
    Object.entries({ ...limits, ...fitting, rss: "unlimited" }).map(([name, value]) => [name, `${value}`, `${value}`]),
  );
}

async function refusedLimits(rig: Rig): Promise<void> {
  const before = openDescriptors();
  const [, hard] = /^Max open files +\S+ +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  const message = `limit_nofile = 1099511627776 is above the hard limit of ${hard}: Operation not permitted (EPERM)`;
  const child = rig.shell("echo ran > ran", { privileges: { ...plain, limits: { core: 0, nofile: 2 ** 40 } } });
  const told = rig.events.filter(({ invocation }) => invocation === child.invocation);
  const tag = "spawn-failed";
  const { invocation } = child;
  assert.deepEqual(told, [{ tag, invocation, stage: "limit", code: "EPERM", message }] satisfies ProcessEvent[]);
  child.closePipes();
  assert.equal(openDescriptors(), before);
  const children = (): string =>
    readFileSync("/proc/self/task/".concat(String(process.pid), "/children"), "utf8").trim();
  await eventually(() => children() === "", 10_000, "the child that was not let go is reaped", children);
  assert.throws(() => readFileSync(join(rig.dir, "ran")), { code: "ENOENT" });
}

async function withoutRoot(rig: Rig): Promise<void> {
  const [uid, gid] = [String(process.geteuid?.()), String(process.getegid?.())];
  const own = await seen(rig, { user: uid, group: gid });
  assert.equal(own.status.Uid, Array(4).fill(uid).join(" "));
  if (uid === "0") return;
  const eperm = "Operation not permitted (EPERM)";
  assert.deepEqual(refused(rig, somebody), ["user", "EPERM", `user "4711": ${eperm}`]);
  assert.deepEqual(refused(rig, { group: "4712" }), ["user", "EPERM", `group "4712": ${eperm}`]);
  assert.deepEqual(refused(rig, { supplementaryGroups: ["4713"] }), [
    "user",
    "EPERM",
    `supplementary groups: ${eperm}`,
  ]);
}

async function allAtOnce(rig: Rig): Promise<void> {
  const listeners = ["http", "admin"].map(listenerAt);
  for (const lent of [listeners, []]) {
    const { status, text, oom, nice, leads } = await seen(rig, everything, lent);
    assert.deepEqual([status.Uid, status.Groups], ["4711 4711 4711 4711", "4712 4713 4714"]);
    assert.deepEqual([status.SigIgn, status.SigBlk], ["0".repeat(16), "0".repeat(16)]);
    assert.deepEqual([status.Umask, status.NoNewPrivs, oom, nice, leads], ["0037", "1", "500", "7", true]);
    assert.match(text, /^Max open files +77 +77/m);
    await sameEnvironment(rig, lent);
  }
  const child = rig.shell(`ls -l /proc/$$/fd; echo "mine $$ $LISTEN_PID"`, { listeners, cwd: "/", privileges });
  assert.deepEqual((await child.until("exited")).exit, { by: "code", code: 0 });
  const links = [...child.stdout.matchAll(/ (\d+) -> (\S+)$/gm)].map(([, ...found]) => found.join(" "));
  const expected = listeners.map(({ inode }, index) => `${index + 3} socket:[${inode}]`);
  assert.deepEqual([links[0], ...links.slice(3)], ["0 /dev/null", ...expected]);
  assert.match(child.stdout, new RegExp(`^mine ${child.pid} ${child.pid}$`, "m"));
  for (const listener of listeners) opener.close(listener);
}

const privileges = { ...plain, ...everything };

async function sameEnvironment(rig: Rig, listeners: readonly Listener[]): Promise<void> {
  const odd = { QUOTES: `a'b"c$d\`e`, LINES: "one\ntwo\n", EMPTY: "", SUPERVISOR_UNIT: "api", UID: "5" };
  const env = { PATH, ...odd };
  const child = rig.spawn(["env", "-0"], { listeners, env, cwd: "/", privileges });
  await child.until("exited");
  const passed = { LISTEN_FDS: "2", LISTEN_FDNAMES: "http:admin", LISTEN_PID: String(child.pid) };
  const wanted = { ...env, ...(listeners.length > 0 ? passed : {}) };
  const pairs = Object.entries(wanted).map((pair) => pair.join("="));
  assert.deepEqual(child.stdout.split("\0").slice(0, -1).sort(), pairs.sort());
}

const opener = createListeners();

function listenerAt(name: string): Listener {
  const opened = opener.open("unit", {
    ...{
      name,
      kind: "stream",
      address: { tag: "tcp", host: "127.0.0.1", port: 0 },
      backlog: 8,
      bindIpv6Only: "default",
    },
    ...{ socketMode: 0o600, socketUser: "", socketGroup: "", deferAcceptMs: 0 },
    ...{ reusePort: false, freeBind: false, noDelay: false, keepAlive: false },
  });
  assert.ok(opened.ok);
  return opened.value;
}

async function otherUsersVoice(rig: Rig): Promise<void> {
  const say =
    "use Socket; socket(S,PF_UNIX,SOCK_DGRAM,0); send(S,'READY=1',0,sockaddr_un($ENV{NOTIFY_SOCKET})) or exit 9";
  const privileges = { ...plain, ...somebody };
  for (let round = 0; round < 10; round++) {
    const child = rig.shell(`echo through the path > /dev/stdout; exec perl -e "$SAY"`, {
      ...{ env: { PATH, SAY: say }, cwd: "/", notify: true, privileges },
    });
    assert.deepEqual((await child.until("exited")).exit, { by: "code", code: 0 });
    assert.deepEqual(child.seen("notified")?.fields, { READY: "1" });
    assert.equal(child.stdout, "through the path\n");
  }
}

async function goneVoice(rig: Rig): Promise<void> {
  chmodSync(rig.dir, 0o777);
  const say = `use Socket; socket(S,PF_UNIX,SOCK_DGRAM,0); send(S,"READY=1",0,sockaddr_un($ENV{NOTIFY_SOCKET}))`;
  const child = rig.shell(`perl -e '${say}'; touch sent; sleep 100`, {
    ...{ notify: true, privileges: { ...plain, ...somebody } },
  });
  // Holds the whole event loop, so that nothing can be heard meanwhile.
  for (const limit = Date.now() + 10_000; !existsSync(join(rig.dir, "sent")); )
    assert.ok(Date.now() < limit, "not sent");
  assert.deepEqual((await child.until("notified")).fields, { READY: "1" });
  const sockets = createNotifySockets(rig.reactor, rig.dir);
  const { path, close } = sockets.open("a", { believes: () => true, heard: () => undefined, uid: 4711 });
  const [socket, directory] = [statSync(path), statSync(dirname(path))];
  assert.deepEqual([socket.uid, socket.mode & 0o777, directory.mode & 0o777], [4711, 0o600, 0o711]);
  close();
  sockets.close();
  assert.equal(existsSync(dirname(path)), false);
}

async function judgedAsUser(rig: Rig): Promise<void> {
  const denied = "Permission denied (EACCES)";
  assert.deepEqual(refused(rig, somebody, { cwd: rig.dir }), ["chdir", "EACCES", `${rig.dir}: ${denied}`]);
  const program = join(rig.dir, "program");
  writeFileSync(program, "#!/bin/sh\necho ran as $(id -u)\n");
  chmodSync(program, 0o755);
  assert.deepEqual(refused(rig, somebody, { argv: program }), ["exec", "EACCES", `${program}: ${denied}`]);
  chmodSync(rig.dir, 0o711);
  chmodSync(program, 0o750);
  assert.deepEqual(refused(rig, somebody, { argv: program }), ["exec", "EACCES", `${program}: ${denied}`]);
  assert.deepEqual(refused(rig, somebody, { argv: "none" }), ["exec", "ENOENT", `none: ${ABSENT}`]);
  chmodSync(program, 0o755);
  const child = rig.spawn(["program"], { env: { PATH: `${rig.dir}:${PATH}` }, privileges: { ...plain, ...somebody } });
  await child.until("exited");
  assert.equal(child.stdout, "ran as 4711\n");
}
