import { describe, expect, test } from "bun:test";
import type { Service } from "../../supervisor/unit/unit.ts";
import { makeUnit } from "../support/units.ts";
import { Life } from "./life.ts";

const all = {
  execStartPre: [
    ["/bin/pre", "1"],
    ["/bin/pre", "2"],
  ],
  execStartPost: [["/bin/post"]],
  execReload: [["/bin/again"]],
  execStop: [["/bin/bye"]],
  execStopPost: [["/bin/sweep"]],
} as const satisfies Partial<Service>;

const lifeOf = (service: Partial<Service>): Life =>
  new Life(makeUnit("api", { service: { restart: "no", ...service } }));

/** Takes one with all commands up; its process is i1. */
function up(service: Partial<Service> = {}): Life {
  const life = lifeOf({ ...all, ...service });
  life.start();
  life.exit("i1.start-pre");
  life.exit("i2.start-pre");
  life.spawned("i1", 101);
  life.ready("i1");
  life.exit("i4.start-post");
  expect(life.state.phase.tag).toBe("running");
  return life;
}

describe("a start", () => {
  test("runs the commands before it one after the other, then the process, then those after it", () => {
    const life = lifeOf(all);
    expect(life.start()).toEqual(["run start-pre 0 i1.start-pre for i1", "inactive → starting i1"]);
    expect(life.exit("i1.start-pre")).toEqual(["run start-pre 1 i2.start-pre for i1"]);
    expect(life.exit("i2.start-pre")).toEqual(["spawn i1 g1"]);
    expect(life.spawned("i1", 101)).toEqual([]);
    expect(life.ready("i1")).toEqual(["run start-post 0 i4.start-post for i1 pid 101"]);
    life.now = 7;
    expect(life.exit("i4.start-post")).toEqual(["ready i1 g1 after 7", "starting → running i1"]);
  });

  const failures: readonly (readonly [string, (life: Life) => readonly string[], string])[] = [
    ["its code", (life) => life.exit("i1.start-pre", 3), "failed at stage start-pre: /bin/pre exited with code 3"],
    [
      "a signal",
      (life) => life.exit("i1.start-pre", "SIGTERM"),
      "failed at stage start-pre: /bin/pre was killed by SIGTERM",
    ],
    [
      "its program",
      (life) => life.spawnFailed("i1.start-pre"),
      "failed at stage start-pre: /bin/pre failed at stage exec: no such file",
    ],
  ];
  test.each(failures)("fails with a command before it that fails by %s", (_, fail, why) => {
    const life = lifeOf(all);
    life.start();
    const lines = fail(life);
    expect(lines).toContain(`starting → stopping: ${why}`);
    expect(lines.some((line) => line.startsWith("spawn"))).toBe(false);
    expect(life.exit("i2.stop-post")).toEqual([`stopping → failed: ${why}`]);
  });

  test("goes on when the command may fail", () => {
    const life = lifeOf({ execStartPre: [["-/bin/pre"]] });
    life.start();
    expect(life.exit("i1.start-pre", 1)).toEqual([
      "command i1.start-pre may fail: failed at stage start-pre: /bin/pre exited with code 1",
      "spawn i1 g1",
    ]);
  });

  test("takes no longer than timeout_start_sec, its commands included", () => {
    const life = lifeOf({ ...all, timeoutStartMs: 500 });
    life.start();
    life.pass(300);
    life.exit("i1.start-pre");
    expect(life.pass(200)).toEqual(["SIGKILL group i2.start-pre", "starting → stopping: was not ready within 500 ms"]);
    expect(life.exit("i2.start-pre", "SIGKILL")).toEqual(["run stop-post 0 i3.stop-post for i1 after timeout"]);
  });

  test("that is stopped among the commands before it kills the command and starts nothing", () => {
    const life = lifeOf(all);
    life.start();
    expect(life.stop()).toEqual(["SIGKILL group i1.start-pre", "starting → stopping: was stopped"]);
    expect(life.exit("i1.start-pre", "SIGKILL")).toEqual(["run stop-post 0 i2.stop-post for i1 after success"]);
    expect(life.exit("i2.stop-post")).toEqual(["stopping → inactive"]);
    expect(life.state.lastExit).toBeNull();
  });

  test("whose command after it fails is ended", () => {
    const life = lifeOf(all);
    life.start();
    life.exit("i1.start-pre");
    life.exit("i2.start-pre");
    life.spawned("i1", 101);
    life.ready("i1");
    const why = "failed at stage start-post: /bin/post exited with code 1";
    expect(life.exit("i4.start-post", 1)).toEqual([
      `command i4.start-post failed: ${why}`,
      "SIGTERM group i1",
      `starting → stopping: ${why}`,
    ]);
  });

  test("is made again by the policy when a command before it has failed", () => {
    const life = lifeOf({ ...all, execStopPost: [], restart: "on-failure" });
    life.start();
    life.exit("i1.start-pre", 1);
    expect(life.state.phase.tag).toBe("waiting");
    expect(life.pass(100)).toEqual(["run start-pre 0 i2.start-pre for i2", "waiting → starting i2"]);
  });

  test("tells whoever a command has left behind to go", () => {
    const life = lifeOf(all);
    life.start();
    const lines = life.exit("i1.start-pre", 0, [{ pid: 9, command: "daemon" }]);
    expect(lines).toEqual([
      "survived i1.start-pre: 9 daemon",
      "SIGTERM group i1.start-pre",
      "run start-pre 1 i2.start-pre for i1",
    ]);
  });
});

describe("a stop", () => {
  test("asks by exec_stop first, then by the signal, and cleans up when everybody is gone", () => {
    const life = up();
    expect(life.stop()).toEqual(["running → stopping: was stopped", "run stop 0 i5.stop for i1 pid 101"]);
    expect(life.exit("i5.stop")).toEqual(["SIGTERM group i1"]);
    expect(life.exit("i1")).toEqual([
      "exited i1 g1: exited with code 0",
      "run stop-post 0 i6.stop-post for i1 after success",
    ]);
    expect(life.exit("i6.stop-post")).toEqual(["stopping → inactive"]);
  });

  test("sends no signal to a service that exec_stop has ended", () => {
    const life = up();
    life.stop();
    expect(life.exit("i1")).toEqual(["exited i1 g1: exited with code 0"]);
    expect(life.exit("i5.stop")).toEqual(["run stop-post 0 i6.stop-post for i1 after success"]);
  });

  test("whose leader goes during exec_stop waits for those it left behind, and for them alone", () => {
    const life = up();
    life.stop();
    life.exit("i1", 0, [{ pid: 7, command: "helper" }]);
    expect(life.exit("i5.stop")).toEqual(["SIGTERM group i1"]);
    expect(life.state.leaving).toMatchObject([{ orphaned: true, held: false }]);
    expect(life.send({ tag: "emptied", invocation: life.state.leaving[0]?.run.invocation ?? "" })).toEqual([
      "run stop-post 0 i6.stop-post for i1 after success",
    ]);
  });

  test("does not wait longer than timeout_stop_sec for exec_stop", () => {
    const life = up({ timeoutStopMs: 400 });
    life.stop();
    expect(life.pass(400)).toEqual([
      "SIGKILL group i5.stop",
      "command i5.stop failed: failed at stage stop: /bin/bye took longer than 400 ms",
      "SIGTERM group i1",
    ]);
  });

  test("that does not go well leaves the unit failed", () => {
    const life = up();
    life.stop();
    life.exit("i5.stop", 2);
    life.exit("i1");
    expect(life.exit("i6.stop-post").at(-1)).toBe(
      "stopping → failed: failed at stage stop: /bin/bye exited with code 2",
    );
  });

  test("of a service that ended in success by itself runs exec_stop without a process", () => {
    const life = up();
    expect(life.exit("i1")).toEqual([
      "exited i1 g1: exited with code 0",
      "running → stopping: exited with code 0",
      "run stop 0 i5.stop for i1",
    ]);
  });

  test("by a failure runs the clean-up alone, and tells it how the service ended", () => {
    const life = up();
    expect(life.exit("i1", 4).at(-1)).toBe("run stop-post 0 i5.stop-post for i1 after exit-code");
    expect(life.exit("i5.stop-post")).toEqual(["stopping → failed: exited with code 4"]);
  });
});

describe("exec_reload", () => {
  test("runs beside the service, and a second wish joins it", () => {
    const life = up();
    expect(life.send({ tag: "want-reload-command" })).toEqual(["run reload 0 i5.reload for i1 pid 101"]);
    expect(life.send({ tag: "want-reload-command" })).toEqual([]);
    life.exit("i5.reload");
    expect(life.state.reload).toEqual({ began: 1, ended: 1, cause: null });
    expect(life.state.phase.tag).toBe("running");
  });

  test("that fails leaves the service as it is", () => {
    const life = up();
    life.send({ tag: "want-reload-command" });
    life.exit("i5.reload", 1);
    expect(life.state.reload).toMatchObject({ ended: 1, cause: { tag: "command", kind: "reload" } });
    expect(life.state.phase.tag).toBe("running");
  });

  test("has failed when the service ends meanwhile", () => {
    const life = up();
    life.send({ tag: "want-reload-command" });
    expect(life.exit("i1", 1)).toContain("SIGKILL group i5.reload");
    expect(life.state.reload).toMatchObject({ ended: 1, cause: { tag: "command", kind: "reload" } });
  });
});

describe("a handover", () => {
  test("runs the commands around the start of the new generation, and none for the old one", () => {
    const life = up();
    expect(life.reload()).toEqual([
      "run start-pre 0 i5.start-pre for i5",
      "handover 1 began i5 g2",
      "running → replacing i1",
    ]);
    life.exit("i5.start-pre");
    expect(life.exit("i6.start-pre")).toEqual(["spawn i5 g2"]);
    life.spawned("i5", 105);
    expect(life.ready("i5")).toEqual(["run start-post 0 i8.start-post for i5 pid 105"]);
    expect(life.exit("i8.start-post")).toEqual(["ready i5 g2 after 0", "replacing → soaking i1"]);
    expect(life.pass(1000)).toContain("SIGTERM main i1");
    expect(life.exit("i1").some((line) => line.startsWith("run"))).toBe(false);
  });

  test("keeps the old generation when a command before the new one fails", () => {
    const life = up();
    life.reload();
    expect(life.exit("i5.start-pre", 1)).toEqual([
      "command i5.start-pre failed: failed at stage start-pre: /bin/pre exited with code 1",
      "replacing → running i1: failed at stage start-pre: /bin/pre exited with code 1",
      "handover 1 kept-old i5 g2: failed at stage start-pre: /bin/pre exited with code 1",
    ]);
    expect(life.state.leaving).toEqual([]);
  });

  test("whose old generation dies among the commands before the new one goes on with the new one", () => {
    const life = up({ restart: "always" });
    life.reload();
    life.exit("i1", 1);
    expect(life.state.phase.tag).toBe("starting");
    life.exit("i5.start-pre");
    expect(life.exit("i6.start-pre")).toEqual(["spawn i5 g2"]);
  });
});

describe("a oneshot", () => {
  const done = (): Life => {
    const life = lifeOf({ ...all, type: "oneshot" });
    life.start();
    life.exit("i1.start-pre");
    life.exit("i2.start-pre");
    life.spawned("i1", 101);
    return life;
  };

  test("is done when the commands after its work have been run", () => {
    const life = done();
    expect(life.exit("i1")).toEqual(["exited i1 g1: exited with code 0", "run start-post 0 i4.start-post for i1"]);
    life.exit("i4.start-post");
    expect(life.state.phase).toEqual({ tag: "finished", holds: true });
  });

  test("is undone by a stop: exec_stop, then exec_stop_post", () => {
    const life = done();
    life.exit("i1");
    life.exit("i4.start-post");
    expect(life.send({ tag: "want-down" })).toEqual(["finished → stopping: was stopped", "run stop 0 i5.stop for i1"]);
    expect(life.exit("i5.stop")).toEqual(["run stop-post 0 i6.stop-post for i1 after success"]);
    expect(life.exit("i6.stop-post")).toEqual(["stopping → inactive"]);
  });
});
